import { describe, expect, test } from "vitest";
import { EMPTY_TALLY, type Tally } from "./accounting/tally.ts";
import { breaches, renderReport } from "./report.ts";
import type { ScenarioResult } from "./run-chaos.ts";
import type { Round } from "./scenarios/round.ts";
import { isAllSound, summarize } from "./summary.ts";

function round(variant: string, tally: Partial<Tally>, rest: Partial<Round> = {}): Round {
  return {
    variant,
    tallies: [{ transport: "sse", node: 0, tally: { ...EMPTY_TALLY, clients: 10, ...tally } }],
    publish: { published: 5, acknowledged: 5, retried: 0, unconfirmed: 0 },
    stored: 5,
    storeLost: 0,
    resumes: { ring: 2 },
    apiRequests: { "DIRECT.GET": 3 },
    measured: {},
    ...rest,
  };
}

const RESULTS: readonly ScenarioResult[] = [
  {
    scenario: "stream-kill",
    rounds: [
      round("leader", { expected: 50, received: 50, awayMs: [10] }),
      round("follower", { expected: 50, received: 49, lost: 1, harmed: 1, lostPlaces: ["chat.r0 at 7"] }),
      round("leader", { expected: 50, received: 50, awayMs: [30] }),
    ],
  },
];

describe("summarize", () => {
  test("adds up the rounds of each variant", () => {
    const [leader, follower] = summarize(RESULTS);
    expect(leader).toMatchObject({
      variant: "leader",
      rounds: 2,
      clients: 10,
      stored: 10,
      resumes: { ring: 4 },
      tally: { expected: 100, lost: 0, awayMs: [10, 30] },
    });
    expect(follower).toMatchObject({ variant: "follower", rounds: 1, tally: { lost: 1 } });
  });

  test("is sound only if nothing was lost anywhere, by us or by the store", () => {
    expect(isAllSound(summarize(RESULTS))).toBe(false);
    const sound = { scenario: "stream-kill", rounds: RESULTS[0]?.rounds.slice(0, 1) ?? [] } as const;
    expect(isAllSound(summarize([sound]))).toBe(true);
    const lossy = { scenario: "stream-kill", rounds: [round("leader", {}, { storeLost: 1 })] } as const;
    expect(isAllSound(summarize([lossy]))).toBe(false);
  });

  test("tells what was behind the broken link, from publish and from when it worked again", () => {
    const measured = { victim: 0, publishToRestoreMs: 2000 };
    const [summary] = summarize([
      { scenario: "broken-link", rounds: [round("cut", { delayMs: { 3: 1, 2300: 4 } }, { measured })] },
    ]);
    expect(summary?.behindBreakMs).toEqual({ 3: 1, 2300: 4 });
    expect(summary?.sinceRestoreMs).toEqual({ 0: 1, 300: 4 });
  });

  test("takes the worst round for the reads of a storm", () => {
    const [summary] = summarize([
      {
        scenario: "reconnect-storm",
        rounds: [
          round("cold", {}, { measured: { reads: 30, channelsTimesNodes: 30 } }),
          round("cold", {}, { measured: { reads: 15, channelsTimesNodes: 30 } }),
        ],
      },
    ]);
    expect(summary?.readsPerChannelAndNode).toBe(1);
  });
});

test("the report has a column for each variant, and a dash for what was not measured", () => {
  const text = renderReport(summarize(RESULTS), "a machine");
  expect(text.split("\n")[0]).toBe("a machine");
  expect(text).toMatch(/^ +leader +follower$/m);
  expect(text).toMatch(/^lost +0 +1$/m);
  expect(text).toMatch(/^ {2}p99, ms +30 +-$/m);
  expect(text).toMatch(/^JetStream reads by channel and node +- +-$/m);
});

test("breaches are named with their place", () => {
  expect(breaches(RESULTS)).toEqual([
    "stream-kill, follower, round 2, sse at n1: 1 lost, for 1 of 10 clients (chat.r0 at 7)",
  ]);
  const lossy = { scenario: "stream-kill", rounds: [round("leader", {}, { storeLost: 2 })] } as const;
  expect(breaches([lossy])).toEqual([
    "stream-kill, leader, round 1: 2 acknowledged messages are not in the stream",
  ]);
});
