import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeBroker } from "../../testing/fake-broker.ts";
import { fakeNode } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";
import type { FlushBudget } from "../fan-out/flush-budget.ts";
import { Hub } from "../fan-out/hub.ts";
import { Traffic } from "../traffic.ts";
import { ChannelReader, type ReaderOwner } from "./channel-reader.ts";

const CHANNELS = ["feed.a", "feed.b", "feed.*"] as const;
const READERS = 4;

/** Keeps what it is given, and holds it against the mark. */
class Owner implements ReaderOwner {
  readonly got: number[] = [];

  begun(): void {}

  live(): void {}

  ordered(_namespace: string, items: readonly { readonly sequence: number }[], mark: number): boolean {
    for (const { sequence } of items) {
      expect(sequence).toBeGreaterThanOrEqual(mark);
      this.got.push(sequence);
    }
    return true;
  }

  settling(): void {}

  failed(): void {}
}

/** Cuts every flush into slices of so many seats. */
function sliced(hubOptions: { seats: number }): FlushBudget {
  let left = 0;
  return {
    start: () => {
      left = hubOptions.seats;
    },
    isSpent: () => {
      left -= 1;
      return left < 0;
    },
  };
}

function fixture() {
  const { context } = fakeNode();
  const broker = new FakeBroker();
  const slices = { seats: 1 };
  const hub = new Hub({
    broker,
    policies: context.policies,
    instruments: context.instruments,
    replayBytes: context.limits.replayBytes,
    batchBytes: context.limits.frameBytes,
    budget: sliced(slices),
    uptime: () => 0,
    traffic: new Traffic(),
    now: () => 0,
    onLost: () => {},
    occupancy: undefined,
  });
  const owners = Array.from({ length: READERS }, () => new Owner());
  for (const owner of owners) {
    new ChannelReader(owner, 100_000, undefined).start(hub, CHANNELS, "object", undefined);
  }
  const publish = (channel: number, sequence: number): void => {
    for (const target of [CHANNELS[channel], "feed.*"]) {
      broker.follows
        .find((follow) => follow.target === target)
        ?.message(sequence, { channel: String(CHANNELS[channel]) });
    }
  };
  return { slices, owners, publish };
}

describe("ChannelReader", () => {
  it("keeps the order of the stream over its channels, in whatever slices the hub delivers them", async () => {
    const step = fc.record({
      channel: fc.nat({ max: 1 }),
      seats: fc.integer({ min: 1, max: 6 }),
      turns: fc.nat({ max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { slices, owners, publish } = fixture();
        for (const [index, taken] of steps.entries()) {
          slices.seats = taken.seats;
          publish(taken.channel, index + 1);
          await turns(taken.turns);
        }
        slices.seats = 1_000;
        await turns(READERS);
        // Twice each: by the channel and by the pattern.
        const all = steps.flatMap((_, index) => [index + 1, index + 1]);
        for (const { got } of owners) {
          expect(got).toStrictEqual(all);
        }
      }),
      { numRuns: 200 },
    );
  });
});
