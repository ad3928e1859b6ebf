import { MsgHdrsImpl } from "@nats-io/transport-node";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerNames, scanHeaders } from "./header-scan.ts";

const NAMES = headerNames("Tidegate-Event", "Tidegate-User", "Nats-Sequence");

function scan(text: string | Uint8Array) {
  const block = typeof text === "string" ? Buffer.from(text) : text;
  return scanHeaders(block, block.length, NAMES);
}

/** undefined when nats.js refuses the block. */
function byLibrary(block: Uint8Array): (string | undefined)[] | undefined {
  try {
    const headers = MsgHdrsImpl.decode(block);
    return NAMES.map(({ name }) => headers.last(name) || undefined);
  } catch {
    return undefined;
  }
}

const lineName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES.map(({ name }) => name)) },
  fc.constantFrom(
    "tidegate-event",
    "Tidegate-Eventual",
    "X-Tidegate-User",
    "Tidegate-Use",
    "Nats-Msg-Id",
    "",
  ),
  fc.string({ unit: "grapheme-ascii" }),
);
const lineValue = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(" ", "\t", "\r", "\n", "\u00a0", "\ufeff", "\u2028", "a", ":", "é", "\u{1f600}"),
  }),
);
const separator = fc.constantFrom(":", ": ", ":  ", " :", "");
const line = fc.tuple(lineName, separator, lineValue).map((parts) => parts.join(""));
const status = fc.constantFrom(
  "NATS/1.0",
  "NATS/1.0 503",
  "NATS/1.0 404 Not Found",
  "",
  "nonsense",
  "Tidegate-User: x",
);
const block = fc
  .tuple(status, fc.array(line, { maxLength: 6 }), fc.constantFrom("\r\n\r\n", "\r\n", ""))
  .map(([first, lines, end]) => Buffer.from([first, ...lines].join("\r\n") + end));

describe("scanHeaders", () => {
  it("reads the wanted headers and no others", () => {
    expect(scan("NATS/1.0\r\nOther: 1\r\nTidegate-User: ann\r\nTidegate-Event:moved\r\n\r\n")).toEqual([
      "moved",
      "ann",
      undefined,
    ]);
  });

  it("takes the last of several values, so that a forged one before the server's has no effect", () => {
    expect(scan("NATS/1.0\r\nNats-Sequence: 999\r\nNats-Sequence: 4\r\n\r\n")[2]).toBe("4");
  });

  it("matches names exactly and in their case", () => {
    expect(scan("NATS/1.0\r\ntidegate-user: a\r\nTidegate-User2: b\r\nX-Tidegate-User: c\r\n\r\n")).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("does not find a header inside the value of another", () => {
    expect(scan("NATS/1.0\r\nX: Tidegate-User: eve\r\nY: a\nTidegate-User: eve\r\n\r\n")[1]).toBeUndefined();
  });

  it.each([
    ["empty", "NATS/1.0\r\nTidegate-User:\r\n\r\n"],
    ["white space", "NATS/1.0\r\nTidegate-User: \t \r\n\r\n"],
    ["empty after one that is not", "NATS/1.0\r\nTidegate-User: a\r\nTidegate-User: \r\n\r\n"],
    ["broken by a bare LF", "NATS/1.0\r\nTidegate-User: a\nb\r\n\r\n"],
    ["broken by a bare CR", "NATS/1.0\r\nTidegate-User: a\rb\r\n\r\n"],
  ])("takes a value that is %s for absent", (_, text) => {
    expect(scan(text)[1]).toBeUndefined();
  });

  it("decodes UTF-8 and replaces what is not", () => {
    expect(scan("NATS/1.0\r\nTidegate-User: Zoë \u{1f600}\r\n\r\n")[1]).toBe("Zoë \u{1f600}");
    const invalid = Buffer.concat([
      Buffer.from("NATS/1.0\r\nTidegate-User: a"),
      Buffer.from([0xff]),
      Buffer.from("b\r\n\r\n"),
    ]);
    expect(scan(invalid)[1]).toBe("a\uFFFDb");
  });

  it("does not read past the header block into the payload", () => {
    const head = Buffer.from("NATS/1.0\r\nTidegate-User: ann\r\n");
    const all = Buffer.concat([head, Buffer.from("\r\nTidegate-User: eve\r\n")]);
    expect(scanHeaders(all, head.length, NAMES)[1]).toBe("ann");
  });

  it("reads a block that lies inside a larger buffer, as a Buffer and as a plain Uint8Array", () => {
    const text = Buffer.from("NATS/1.0\r\nTidegate-User: Zoë\r\nTidegate-Event: e\r\n\r\n");
    const chunk = Buffer.concat([Buffer.from("MSG x 1 2\r\n"), text, Buffer.from("Tidegate-User: no")]);
    const inside = chunk.subarray(11, 11 + text.length);
    expect(scanHeaders(inside, text.length, NAMES)).toEqual(["e", "Zoë", undefined]);
    const plain = new Uint8Array(inside.buffer, inside.byteOffset, inside.length);
    expect(scanHeaders(plain, text.length, NAMES)).toEqual(["e", "Zoë", undefined]);
  });

  it("equals nats.js on every block nats.js accepts", async () => {
    let accepted = 0;
    await fc.assert(
      fc.property(block, (bytes) => {
        const expected = byLibrary(bytes);
        const actual = scan(bytes);
        if (expected === undefined) return;
        accepted += 1;
        expect(actual).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it("never throws, whatever the bytes", async () => {
    await fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(scan(bytes)).toHaveLength(NAMES.length);
      }),
    );
  });
});
