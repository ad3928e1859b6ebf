import { describe, expect, it } from "vitest";
import { copyFrame, HeldFrames, type InboundFrame } from "./held-frames.ts";

const LIMITS = { unauthenticatedBytes: 10, unauthenticatedMessages: 3 };

function text(content: string): InboundFrame {
  return { kind: "text", text: content, bytes: Buffer.byteLength(content) };
}

describe("HeldFrames", () => {
  it("gives back what it took, in order, and once", () => {
    const held = new HeldFrames();
    expect([held.hold(text("a"), LIMITS), held.hold(text("b"), LIMITS)]).toStrictEqual([true, true]);
    expect(held.take()).toStrictEqual([text("a"), text("b")]);
    expect(held.take()).toStrictEqual([]);
  });

  it("holds as many frames as it may", () => {
    const held = new HeldFrames();
    expect(["a", "b", "c", "d"].map((content) => held.hold(text(content), LIMITS))).toStrictEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(held.take()).toHaveLength(3);
  });

  it("holds as many bytes as it may, in all", () => {
    const held = new HeldFrames();
    expect(held.hold(text("12345678"), LIMITS)).toBe(true);
    expect(held.hold(text("abc"), LIMITS)).toBe(false);
    expect(held.hold(text("ab"), LIMITS)).toBe(true);
  });
});

describe("copyFrame", () => {
  it("keeps nothing of the memory that was lent", () => {
    const lent = new TextEncoder().encode("hé\n");
    const frames = [copyFrame(lent.buffer, false), copyFrame(lent.buffer, true)];
    lent.fill(0);
    expect(frames).toStrictEqual([
      { kind: "text", text: "hé\n", bytes: 4 },
      { kind: "binary", body: Buffer.from("hé\n"), bytes: 4 },
    ]);
  });
});
