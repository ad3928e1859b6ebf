import { describe, expect, it } from "vitest";
import { LIMITS } from "../../testing/fake-node.ts";
import { Entrance } from "./entrance.ts";
import { copyFrame, type InboundFrame } from "./held-frames.ts";

const NOTHING = { channels: [], since: undefined };
const CONNECT = '{"type":"connect","id":1,"token":"t"}';

function frame(text: string, binary = false): InboundFrame {
  return copyFrame(new TextEncoder().encode(text).buffer, binary);
}

function take(entrance: Entrance, text: string, { binary = false, raw = false } = {}) {
  const step = entrance.take(frame(text, binary), raw, LIMITS);
  return step.kind === "end" ? step.ending.name : step.kind;
}

describe("Entrance", () => {
  it("takes connect as the first message", () => {
    expect(new Entrance(0, NOTHING).take(frame(CONNECT), false, LIMITS)).toMatchObject({
      kind: "connect",
      connect: { id: 1, token: "t" },
    });
  });

  it.each([
    ["another message", '{"type":"ping","id":1}', false],
    ["no JSON", "hello", false],
    ["a connect with a wrong field", '{"type":"connect","id":0}', false],
    ["a connect in a binary frame", `${CONNECT}\n`, true],
    ["a connect in a binary frame without a line", CONNECT, true],
    ["nothing", "", false],
  ])("refuses %s as the first message", (_what, text, binary) => {
    expect(take(new Entrance(0, NOTHING), text, { binary })).toBe("connect_required");
    expect(take(new Entrance(0, NOTHING), text, { binary, raw: true })).toBe("receive_only");
  });

  it("holds what comes behind, whatever it is, and gives it back in order", () => {
    const entrance = new Entrance(0, NOTHING);
    expect(entrance.release()).toStrictEqual([]);
    entrance.hold();
    expect([take(entrance, "one"), take(entrance, "two", { binary: true })]).toStrictEqual(["held", "held"]);
    expect(entrance.release().map(({ kind }) => kind)).toStrictEqual(["text", "binary"]);
  });

  it("refuses a frame that is too large, waiting or holding", () => {
    const large = "x".repeat(LIMITS.unauthenticatedBytes + 1);
    const entrance = new Entrance(0, NOTHING);
    expect(take(entrance, large)).toBe("frame_too_large");
    entrance.hold();
    expect(take(entrance, large)).toBe("frame_too_large");
  });

  it("refuses more frames, or more bytes in all, than it may hold", () => {
    const many = new Entrance(0, NOTHING);
    many.hold();
    const steps = Array.from({ length: LIMITS.unauthenticatedMessages + 1 }, () => take(many, "x"));
    expect(steps.slice(0, -1)).toStrictEqual(steps.slice(0, -1).map(() => "held"));
    expect(steps.at(-1)).toBe("unauthenticated_limit");
    const large = new Entrance(0, NOTHING);
    large.hold();
    const half = "x".repeat(LIMITS.unauthenticatedBytes / 2 + 1);
    expect([take(large, half), take(large, half)]).toStrictEqual(["held", "unauthenticated_limit"]);
  });
});
