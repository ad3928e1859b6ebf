import { describe, expect, it } from "vitest";
import { EarlyFrames } from "./early-frames.ts";

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;

describe("EarlyFrames", () => {
  it("keeps copies, and passes each on once, in order", () => {
    const early = new EarlyFrames();
    const lent = new Uint8Array([1]);
    expect(early.hold(lent.buffer, false)).toBe(true);
    lent[0] = 9;
    expect(early.hold(bytes(2), true)).toBe(true);
    const got: unknown[] = [];
    const receiver = {
      receive: (data: ArrayBuffer, binary: boolean) => got.push([...new Uint8Array(data), binary]),
    };
    early.passTo(receiver);
    early.passTo(receiver);
    expect(got).toStrictEqual([
      [1, false],
      [2, true],
    ]);
  });

  it("takes only so many frames, and so many bytes", () => {
    const many = new EarlyFrames();
    const taken = Array.from({ length: 100 }, () => many.hold(bytes(1), false));
    expect(taken.filter((isTaken) => isTaken)).toHaveLength(64);
    const large = new EarlyFrames();
    expect(large.hold(new ArrayBuffer(65_536), false)).toBe(true);
    expect(large.hold(bytes(1), false)).toBe(false);
  });
});
