import { isEpoch } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamEpoch } from "./stream-epoch.ts";
import { isInternalChannel, streamName, tickChannel } from "./stream-name.ts";

it("a stream is named after prefix and namespace", () => {
  expect(streamName("rt", "chat")).toBe("rt_chat");
});

describe("internal channels", () => {
  it.each([
    [tickChannel("chat"), true],
    ["chat._tick.a", true],
    ["chat._tick.>", true],
    ["chat._ticks", false],
    ["chat.a._tick", false],
    ["_tick", false],
    ["_tick.a", false],
    ["chat", false],
    ["chat.>", false],
  ])("%s: %s", (channel, internal) => {
    expect(isInternalChannel(channel)).toBe(internal);
  });
});

describe("the epoch of a stream", () => {
  it("can stand in a cursor, and differs with everything it is made of", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.string({ minLength: 1 }),
        (name, created, bump, more) => {
          const epoch = streamEpoch(name, created, bump);
          expect(isEpoch(epoch)).toBe(true);
          expect(streamEpoch(name, created, bump)).toBe(epoch);
          expect(streamEpoch(name + more, created, bump)).not.toBe(epoch);
          expect(streamEpoch(name, created + more, bump)).not.toBe(epoch);
          expect(streamEpoch(name, created, bump + more)).not.toBe(epoch);
        },
      ),
    );
  });
});
