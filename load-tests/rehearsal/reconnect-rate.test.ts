import { expect, test } from "vitest";
import { actResult } from "./act-result.fixture.ts";
import type { Departure } from "./act-result.ts";
import { pacedPerSecond, reconnectsPerSecond, worstPace } from "./reconnect-rate.ts";

const returned = (second: number, count: number) => ({
  second,
  lost: 0,
  returned: count,
  delayMs: {},
  catchUpMs: {},
});

const first: Departure = {
  node: "n1",
  connections: 20,
  windowSeconds: 2,
  fromMicros: 101.5e6,
  untilMicros: 103.5e6,
};
const second: Departure = { ...first, node: "n2", connections: 40, fromMicros: 105.1e6, untilMicros: 107e6 };

test("seconds in which nobody came back are there, too", () => {
  const points = reconnectsPerSecond(actResult({ moments: [returned(102, 7)] }));
  expect(points).toHaveLength(12);
  expect(points.slice(0, 4)).toEqual([
    [0, 0],
    [1, 0],
    [2, 7],
    [3, 0],
  ]);
});

test("the pace is that of the node that leaves, or has just left", () => {
  const result = actResult({ moments: [returned(100, 500), returned(102, 12), returned(105, 30)] });
  expect(worstPace([first], result)).toBe(3);
  expect(worstPace([first, second], result)).toBe(1.5);
  expect(worstPace([], result)).toBeNaN();
  expect(worstPace([{ ...first, connections: 0 }], result)).toBeNaN();
});

test("the paced rate lasts until the last latecomer may have come", () => {
  const points = pacedPerSecond([first], actResult());
  expect(points.map(([, rate]) => rate)).toEqual([0, 10, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0]);
});
