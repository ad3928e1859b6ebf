import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchFrames } from "./batch-frames.ts";
import type { Frame } from "./format.ts";

const MAX = 50;

function textOf({ bytes }: Frame): string {
  return Buffer.from(bytes).toString();
}

const messages = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: MAX + 10 }), binary: fc.boolean(), dense: fc.boolean() }),
  { maxLength: 40 },
);

function framesOf(wanted: typeof messages extends fc.Arbitrary<infer T> ? T : never): readonly Frame[] {
  return wanted.map(({ bytes, binary, dense }, index) => ({
    bytes: Buffer.alloc(dense ? Math.ceil(bytes / 10) : bytes, String.fromCharCode(97 + (index % 26))),
    binary: binary && !dense,
    sequence: index + 1,
    messages: 1,
  }));
}

describe("batchFrames", () => {
  it("puts a message a line", () => {
    const frames = framesOf([1, 2, 3].map((bytes) => ({ bytes, binary: false, dense: false })));
    expect(batchFrames(frames, MAX)).toStrictEqual([
      { bytes: Buffer.from("a\nbb\nccc"), binary: false, sequence: 3, messages: 3 },
    ]);
  });

  it("gives a single message, and none, as they are", () => {
    const frames = framesOf([{ bytes: 2 * MAX, binary: true, dense: false }]);
    expect(batchFrames(frames, MAX)).toBe(frames);
    expect(batchFrames([], MAX)).toStrictEqual([]);
  });

  it("fills batches up to the limit and not beyond", () => {
    const halves = framesOf([24, 25, 1].map((bytes) => ({ bytes, binary: false, dense: false })));
    expect(batchFrames(halves, MAX).map(textOf)).toStrictEqual([`${"a".repeat(24)}\n${"b".repeat(25)}`, "c"]);
  });

  it("keeps every message, in order; binary and large ones alone, and no two batches that had fitted in one", () => {
    fc.assert(
      fc.property(messages, (wanted) => {
        const frames = framesOf(wanted);
        const batches = batchFrames(frames, MAX);
        expect(batches.flatMap((batch) => textOf(batch).split("\n"))).toStrictEqual(frames.map(textOf));
        let taken = 0;
        for (const [index, batch] of batches.entries()) {
          taken += batch.messages;
          expect(batch.sequence).toBe(taken);
          const next = batches[index + 1];
          if (batch.messages > 1) {
            expect(batch.binary).toBe(false);
            expect(batch.bytes.byteLength).toBeLessThanOrEqual(MAX);
          } else {
            expect(batch).toBe(frames[taken - 1]);
          }
          if (next !== undefined && !batch.binary && !next.binary) {
            const [first = ""] = textOf(next).split("\n");
            expect(batch.bytes.byteLength + 1 + first.length).toBeGreaterThan(MAX);
          }
        }
      }),
    );
  });
});
