import { encodeFrame, opcodes } from "@tidegate/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameParser } from "./frame-parser.ts";

interface Seen {
  readonly opcode: number;
  readonly payload: string;
}

function collector() {
  const seen: Seen[] = [];
  const parser = new FrameParser((opcode, bytes, start, end) => {
    seen.push({ opcode, payload: bytes.toString("latin1", start, end) });
  });
  return { seen, parser };
}

function serverFrame(payload: string, opcode: number = opcodes.text): Buffer {
  return encodeFrame({ opcode, mask: false, payload: Buffer.from(payload, "latin1") });
}

describe("FrameParser", () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536])("reads a payload of %i bytes", (length) => {
    const { seen, parser } = collector();
    const frame = serverFrame("x".repeat(length));
    expect(parser.push(frame, 0, frame.length)).toBeUndefined();
    expect(seen).toEqual([{ opcode: opcodes.text, payload: "x".repeat(length) }]);
  });

  test("gives every frame of one read, in order", () => {
    const { seen, parser } = collector();
    const bytes = Buffer.concat([serverFrame("one"), serverFrame("", opcodes.ping), serverFrame("two")]);
    expect(parser.push(bytes, 0, bytes.length)).toBeUndefined();
    expect(seen).toEqual([
      { opcode: opcodes.text, payload: "one" },
      { opcode: opcodes.ping, payload: "" },
      { opcode: opcodes.text, payload: "two" },
    ]);
  });

  test("reads only the range it is given", () => {
    const { seen, parser } = collector();
    const frame = serverFrame("inside");
    const bytes = Buffer.concat([serverFrame("before"), frame, serverFrame("after")]);
    const start = serverFrame("before").length;
    parser.push(bytes, start, start + frame.length);
    expect(seen.map(({ payload }) => payload)).toEqual(["inside"]);
  });

  test("keeps its own copy of an unfinished frame, since the bytes are only lent", () => {
    const { seen, parser } = collector();
    const frame = serverFrame("kept");
    const lent = Buffer.from(frame.subarray(0, 4));
    parser.push(lent, 0, lent.length);
    lent.fill(0);
    const rest = frame.subarray(4);
    parser.push(rest, 0, rest.length);
    expect(seen).toEqual([{ opcode: opcodes.text, payload: "kept" }]);
  });

  test("gives the same frames wherever the stream is cut", () => {
    const payloads = fc.array(
      fc.oneof(
        fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
        fc.integer({ min: 120, max: 300 }).map((length) => "y".repeat(length)),
        fc.integer({ min: 65_530, max: 65_540 }).map((length) => "z".repeat(length)),
      ),
      { minLength: 1, maxLength: 6 },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(payloads, cuts, (given, sizes) => {
        const { seen, parser } = collector();
        const bytes = Buffer.concat(given.map((payload) => serverFrame(payload)));
        let position = 0;
        for (const size of sizes) {
          const end = Math.min(position + size, bytes.length);
          expect(parser.push(bytes, position, end)).toBeUndefined();
          position = end;
        }
        parser.push(bytes, position, bytes.length);
        expect(seen.map(({ payload }) => payload)).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["masked", encodeFrame({ payload: "x" })],
    ["fragmented", encodeFrame({ payload: "x", mask: false, fin: false })],
    ["reserved", encodeFrame({ payload: "x", mask: false, rsv1: true })],
    ["announces", encodeFrame({ mask: false, announcedLength: 2n ** 40n })],
  ])("refuses a stream with a frame that is %s", (complaint, frame) => {
    const { seen, parser } = collector();
    expect(parser.push(frame, 0, frame.length)).toContain(complaint);
    expect(seen).toEqual([]);
  });
});
