import { describe, expect, it } from "vitest";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { ReplayFrames } from "./replay-frames.ts";

const FRAME_BYTES = 100;

function messageOf(sequence: number) {
  return storedMessage("feed.a", sequence, { payload: Buffer.alloc(FRAME_BYTES) });
}

describe("ReplayFrames", () => {
  it("encodes once for all who want the same message in the same format", () => {
    const frames = new ReplayFrames(10_000);
    const message = storedMessage("feed.a", 100);
    const json = frames.frame(message, EPOCH, "json");
    expect(JSON.parse(Buffer.from(json.bytes).toString())).toStrictEqual({
      type: "message",
      channel: "feed.a",
      cursor: `${EPOCH}-2s`,
      time: message.time,
      data: 100,
    });
    expect(frames.frame(message, EPOCH, "json")).toBe(json);
    expect(frames.frame(message, EPOCH, "raw").bytes).toStrictEqual(Buffer.from("100"));
  });

  it("forgets what nobody asks for any more, and keeps what is asked for", () => {
    const frames = new ReplayFrames(4 * FRAME_BYTES);
    const wanted = messageOf(1);
    const unwanted = messageOf(2);
    const first = frames.frame(wanted, EPOCH, "raw");
    const gone = frames.frame(unwanted, EPOCH, "raw");
    for (let sequence = 3; sequence < 20; sequence += 1) {
      frames.frame(messageOf(sequence), EPOCH, "raw");
      expect(frames.frame(wanted, EPOCH, "raw")).toBe(first);
    }
    expect(frames.frame(unwanted, EPOCH, "raw")).not.toBe(gone);
  });

  it("gives frames that are larger than it may keep", () => {
    const frames = new ReplayFrames(FRAME_BYTES / 2);
    expect(frames.frame(messageOf(1), EPOCH, "raw").bytes.byteLength).toBe(FRAME_BYTES);
    expect(frames.frame(messageOf(2), EPOCH, "raw").sequence).toBe(2);
  });
});
