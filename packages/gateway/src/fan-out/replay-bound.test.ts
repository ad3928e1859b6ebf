import type { JoinFrom } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import type { SourceJoined } from "./channel-source.ts";
import { boundReplay } from "./replay-bound.ts";

const SINCE: JoinFrom = { kind: "since", cursor: new Map() };
const LAST: JoinFrom = { kind: "last", count: 10 };

function joined(...sizes: readonly number[]): SourceJoined & { kind: "joined" } {
  return {
    kind: "joined",
    source: "ring",
    messages: sizes.map((size, index) => storedMessage("feed.a", index + 1, { payload: Buffer.alloc(size) })),
    position: { epoch: EPOCH, sequence: 50 },
  };
}

function sequencesOf(outcome: SourceJoined): readonly number[] | string {
  return outcome.kind === "joined" ? outcome.messages.map(({ sequence }) => sequence) : outcome.kind;
}

describe("boundReplay", () => {
  it("leaves alone what fits, to the byte", () => {
    for (const outcome of [joined(), joined(40, 60), joined(500)]) {
      expect(boundReplay(outcome, SINCE, 100)).toBe(outcome);
      expect(boundReplay(outcome, LAST, 100)).toBe(outcome);
    }
  });

  it("gives who resumes all or a reset", () => {
    expect(boundReplay(joined(41, 60), SINCE, 100)).toStrictEqual({
      kind: "reset",
      reason: "too_far",
      position: { epoch: EPOCH, sequence: 50 },
    });
  });

  it("gives who asked for the last messages as many of them as fit, and one in any case", () => {
    expect(sequencesOf(boundReplay(joined(90, 41, 60), LAST, 101))).toStrictEqual([2, 3]);
    expect(sequencesOf(boundReplay(joined(90, 41, 60), LAST, 100))).toStrictEqual([3]);
    expect(sequencesOf(boundReplay(joined(1, 500), LAST, 100))).toStrictEqual([2]);
  });

  it("has nothing to do with resets, failures and live channels", () => {
    const reset: SourceJoined = { kind: "reset", reason: "expired", position: { epoch: EPOCH, sequence: 1 } };
    expect(boundReplay(reset, SINCE, 1)).toBe(reset);
    const live: SourceJoined = { kind: "joined", source: "none", messages: [], position: undefined };
    expect(boundReplay(live, { kind: "now" }, 1)).toBe(live);
  });
});
