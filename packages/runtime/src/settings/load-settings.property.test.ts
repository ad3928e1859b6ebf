import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineSettings } from "./define-settings.ts";
import { loadSettings } from "./load-settings.ts";
import { setting } from "./setting.ts";
import { bytes, flag, integer, listOf, milliseconds, oneOf, port, text } from "./setting-schemas.ts";

const doc = "A setting.";
const namespace = z.strictObject({
  history: z.boolean().prefault(false),
  presence: z.boolean().prefault(false),
  limits: z.strictObject({ rate: integer().prefault(10) }).prefault({}),
});

const table = defineSettings({
  settings: [
    setting({ path: "listen.port", schema: port(), default: 8080, doc }),
    setting({ path: "listen.tls.enabled", schema: flag(), default: false, doc }),
    setting({ path: "limits.frameBytes", schema: bytes(), default: 1024, doc }),
    setting({ path: "limits.idleMs", schema: milliseconds(), default: 1000, doc }),
    setting({ path: "origins", schema: listOf(text()), default: [], doc }),
    setting({ path: "mode", schema: oneOf(["plain", "strict"]), default: "plain", doc }),
    setting({ path: "auth.secret", schema: text({ max: 100 }).optional(), secret: true, doc }),
    setting({ path: "namespaces", schema: z.record(z.string(), namespace), default: {}, doc }),
  ],
});

/** Every name a file may use, as the mapping it stands in. */
const groups: readonly (readonly [group: string, names: readonly string[]])[] = [
  ["", ["listen", "limits", "origins", "mode", "auth", "namespaces"]],
  ["listen", ["port", "tls"]],
  ["listen.tls", ["enabled"]],
  ["limits", ["frameBytes", "idleMs"]],
  ["auth", ["secret"]],
  ["namespaces.chat", ["history", "presence", "limits"]],
  ["namespaces.chat.limits", ["rate"]],
];

const variables = [
  "LISTEN_PORT",
  "LISTEN_TLS_ENABLED",
  "LIMITS_FRAME_BYTES",
  "LIMITS_IDLE_MS",
  "ORIGINS",
  "MODE",
  "AUTH_SECRET",
  "AUTH_SECRET_FILE",
  "NAMESPACES",
  "CONFIG",
].map((name) => `TIDEGATE_${name}`);

/** A name with one typing mistake. */
function mistyped(names: readonly string[]): fc.Arbitrary<string> {
  const mistake = fc.constantFrom("drop", "double", "change", "insert");
  return fc
    .tuple(fc.constantFrom(...names), fc.nat(), mistake, fc.constantFrom("q", "X", "7", "z"))
    .map(([name, position, kind, letter]) => {
      const at = position % name.length;
      const rest = name.slice(at + 1);
      const head = name.slice(0, at);
      if (kind === "drop") return head + rest;
      if (kind === "double") return head + name.charAt(at) + name.slice(at);
      return kind === "change" ? head + letter + rest : head + letter + name.slice(at);
    })
    .filter((name) => name !== "" && !names.includes(name));
}

function nest(group: string, inner: unknown): unknown {
  return group.split(".").reduceRight((value, part) => (part === "" ? value : { [part]: value }), inner);
}

describe("loadSettings, for any input,", () => {
  test("reports a mistyped name in a file, wherever it stands", () => {
    const place = fc
      .constantFrom(...groups)
      .chain(([group, names]) => mistyped(names).map((name) => ({ group, name })));
    fc.assert(
      fc.property(place, ({ group, name }) => {
        const loaded = loadSettings(table, {
          environment: {},
          fileText: JSON.stringify(nest(group, { [name]: 1 })),
        });
        expect(loaded.ok).toBe(false);
        const path = group === "" ? name : `${group}.${name}`;
        const problems = loaded.ok ? [] : loaded.problems;
        expect(problems.map(({ source }) => source)).toContain(`configuration file line 1, ${path}`);
        expect(problems.every(({ message }) => message.startsWith("unknown"))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("reports a mistyped variable, and suggests the right one", () => {
    const short = mistyped(variables).filter((name) => name.startsWith("TIDEGATE_"));
    fc.assert(
      fc.property(short, (name) => {
        const loaded = loadSettings(table, { environment: { [name]: "1" } });
        expect(loaded.ok ? [] : loaded.problems).toEqual([
          {
            source: `env ${name}`,
            message: expect.stringMatching(/^unknown; (did you mean TIDEGATE_\w+\?|only secrets)/),
          },
        ]);
      }),
      { numRuns: 150 },
    );
  });

  test("gives back what was written, from the file and from variables alike", () => {
    const written = fc.record({
      port: fc.integer({ min: 0, max: 65_535 }),
      frameBytes: fc.nat(),
      enabled: fc.boolean(),
      mode: fc.constantFrom("plain", "strict"),
      origins: fc.array(fc.stringMatching(/^[a-z./:]{1,20}$/), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(written, ({ port, frameBytes, enabled, mode, origins }) => {
        const file = { listen: { port, tls: { enabled } }, limits: { frameBytes }, mode, origins };
        const fromFile = loadSettings(table, { environment: {}, fileText: JSON.stringify(file) });
        const environment = {
          TIDEGATE_LISTEN_PORT: String(port),
          TIDEGATE_LISTEN_TLS_ENABLED: String(enabled),
          TIDEGATE_LIMITS_FRAME_BYTES: String(frameBytes),
          TIDEGATE_MODE: mode,
          TIDEGATE_ORIGINS: origins.join(","),
        };
        expect(fromFile).toMatchObject({ ok: true, settings: file });
        expect(loadSettings(table, { environment })).toEqual(fromFile);
      }),
    );
  });

  test("never throws, and never shows a secret", () => {
    const secret = fc.stringMatching(/^#[a-z]{9}#$/);
    const name = fc.oneof(fc.constantFrom(...groups.flatMap(([, names]) => names)), fc.string());
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
    );
    const file = fc.oneof(
      fc.dictionary(name, value, { maxKeys: 5 }).map((content) => JSON.stringify(content)),
      fc.string(),
    );
    const environment = fc.dictionary(fc.oneof(fc.constantFrom(...variables), fc.string()), fc.string());
    fc.assert(
      fc.property(
        file,
        environment,
        secret,
        fc.constantFrom("short", "long"),
        (fileText, variable, word, kind) => {
          const password = kind === "short" ? word : word.repeat(20);
          const loaded = loadSettings(table, {
            environment: { ...variable, TIDEGATE_AUTH_SECRET: password, TIDEGATE_AUTH_SECRET_FILE: "" },
            fileText,
            readFile: () => password,
          });
          if (loaded.ok) expect(loaded.settings.auth.secret).toBe(word);
          else expect(JSON.stringify(loaded.problems)).not.toContain(word);
        },
      ),
      { numRuns: 200 },
    );
  });
});
