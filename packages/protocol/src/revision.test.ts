import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CLIENT_MESSAGES } from "./client-messages.ts";
import { CLOSE_CODES } from "./close-codes.ts";
import { ERROR_CODES } from "./error-codes.ts";
import type { MessageDefinition } from "./message-definition.ts";
import { RESET_REASONS } from "./reset-reasons.ts";
import { REVISION, REVISIONS, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "./revision.ts";
import { SERVER_MESSAGES } from "./server-messages.ts";

type ShapeLine = readonly (string | number | boolean)[];

/**
 * Digest of everything a peer can depend on. Sentences and the order of declaration are left out: neither
 * changes what goes over the wire.
 */
function digestOf(
  messages: readonly MessageDefinition[],
  errors: Readonly<Record<string, { readonly status: number; readonly retryable: boolean }>>,
  closes: Readonly<Record<string, { readonly code: number }>>,
  resets: Readonly<Record<string, string>>,
): string {
  const lines: ShapeLine[] = [
    ...messages.map(({ direction, type }) => ["message", direction, type]),
    ...messages.flatMap(({ direction, type, fields }) =>
      Object.entries(fields).map(([name, { expected, optional }]) => [
        "field",
        direction,
        type,
        name,
        expected,
        optional,
      ]),
    ),
    ...Object.entries(errors).map(([name, { status, retryable }]) => ["error", name, status, retryable]),
    ...Object.entries(closes).map(([name, { code }]) => ["close", name, code]),
    ...Object.keys(resets).map((name) => ["reset", name]),
  ];
  const canonical = lines.map((line) => JSON.stringify(line)).sort();
  return createHash("sha256").update(canonical.join("\n")).digest("hex");
}

const MESSAGES: readonly MessageDefinition[] = [...CLIENT_MESSAGES, ...SERVER_MESSAGES];

describe("REVISIONS", () => {
  it("has an entry for the messages and codes as they are now", () => {
    const digest = digestOf(MESSAGES, ERROR_CODES, CLOSE_CODES, RESET_REASONS);
    const last = REVISIONS[REVISIONS.length - 1];
    expect(
      last?.digest,
      `messages or codes differ from revision ${last?.revision}: add a revision to revision.ts that says what was added, with digest "${digest}" (a revision that is not published yet may take the new digest instead)`,
    ).toBe(digest);
  });

  it("counts from 1 without holes, and the build speaks the last", () => {
    expect(REVISIONS.map((entry) => entry.revision)).toStrictEqual(REVISIONS.map((_, index) => index + 1));
    expect(REVISION).toBe(REVISIONS.length);
  });
});

describe("the digest", () => {
  const [first] = CLIENT_MESSAGES;
  const base = digestOf([first], ERROR_CODES, CLOSE_CODES, RESET_REASONS);

  it.each<[string, string]>([
    ["a message", digestOf([], ERROR_CODES, CLOSE_CODES, RESET_REASONS)],
    ["a direction", digestOf([{ ...first, direction: "server" }], ERROR_CODES, CLOSE_CODES, RESET_REASONS)],
    [
      "a field",
      digestOf(
        [{ ...first, fields: { ...first.fields, extra: first.fields.id } }],
        ERROR_CODES,
        CLOSE_CODES,
        RESET_REASONS,
      ),
    ],
    [
      "what a field must be",
      digestOf(
        [{ ...first, fields: { ...first.fields, id: { ...first.fields.id, expected: "a string" } } }],
        ERROR_CODES,
        CLOSE_CODES,
        RESET_REASONS,
      ),
    ],
    [
      "whether a field may be left out",
      digestOf(
        [{ ...first, fields: { ...first.fields, id: { ...first.fields.id, optional: true } } }],
        ERROR_CODES,
        CLOSE_CODES,
        RESET_REASONS,
      ),
    ],
    [
      "an error's policy",
      digestOf(
        [first],
        { ...ERROR_CODES, forbidden: { status: 403, retryable: true } },
        CLOSE_CODES,
        RESET_REASONS,
      ),
    ],
    [
      "a close code",
      digestOf([first], ERROR_CODES, { ...CLOSE_CODES, draining: { code: 4499 } }, RESET_REASONS),
    ],
    ["a reset reason", digestOf([first], ERROR_CODES, CLOSE_CODES, { expired: "Why." })],
  ])("changes with %s", (_what, changed) => {
    expect(changed).not.toBe(base);
  });

  it("does not change with sentences or the order of declaration", () => {
    const fields = Object.fromEntries(
      Object.entries(first.fields)
        .map(([name, field]) => [name, { ...field, doc: "Other words." }] as const)
        .reverse(),
    );
    expect(
      digestOf([{ ...first, summary: "Other words.", fields }], ERROR_CODES, CLOSE_CODES, RESET_REASONS),
    ).toBe(base);
  });
});

describe("the subprotocol names", () => {
  // RFC 6455 4.1 asks for tokens of RFC 2616; a JWT is base64url and dots, which are token characters.
  it("can stand in a Sec-WebSocket-Protocol header", () => {
    for (const name of [SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}eyJ.eyJ-_.x`]) {
      expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
    }
  });
});
