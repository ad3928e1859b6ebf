import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MIN_STAMPED_BYTES, StampReader, stampedPayload } from "./stamp.ts";

describe("a stamped payload", () => {
  test("is JSON of exactly the wanted length", () => {
    const payload = stampedPayload(7, 1234, 128);
    expect(Buffer.byteLength(payload)).toBe(128);
    expect(JSON.parse(payload)).toMatchObject({ stamp: "0000000007.0000000000001234" });
  });

  test("cannot be shorter than its stamp", () => {
    expect(() => stampedPayload(0, 0, MIN_STAMPED_BYTES - 1)).toThrow(TypeError);
    expect(stampedPayload(0, 0, MIN_STAMPED_BYTES)).toHaveLength(MIN_STAMPED_BYTES);
  });

  test("is read back from anywhere in a frame", () => {
    const sequences = fc.integer({ min: 0, max: 9_999_999_999 });
    const times = fc.integer({ min: 0, max: 9_000_000_000_000_000 });
    fc.assert(
      fc.property(sequences, times, fc.string(), fc.string(), (sequence, micros, before, after) => {
        const frame = Buffer.from(
          `${JSON.stringify(before)}${stampedPayload(sequence, micros, 128)}${after}`,
        );
        const reader = new StampReader();
        expect(reader.read(frame, 0, frame.length)).toBe(true);
        expect(reader).toMatchObject({ sequence, micros });
      }),
    );
  });
});

describe("StampReader", () => {
  test.each([
    ["without a stamp", '{"type":"ping"}'],
    ["with letters in it", '{"stamp":"000000000x.0000000000001234"}'],
    ["that ends within it", '{"stamp":"0000000001.00000'],
  ])("finds nothing in a frame %s", (_, text) => {
    const frame = Buffer.from(text);
    expect(new StampReader().read(frame, 0, frame.length)).toBe(false);
  });

  test("does not take the stamp of the frame behind for this one's", () => {
    const ping = Buffer.from('{"type":"ping"}');
    const bytes = Buffer.concat([ping, Buffer.from(stampedPayload(1, 2, 128))]);
    expect(new StampReader().read(bytes, 0, ping.length)).toBe(false);
  });
});
