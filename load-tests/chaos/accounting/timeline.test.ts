import { expect, test } from "vitest";
import { addMoments, Timeline } from "./timeline.ts";

test("a timeline counts by the second, and messages by the second in which they were published", () => {
  const timeline = new Timeline();
  timeline.lost(1_999_999);
  timeline.returned(2_000_000);
  timeline.received(1_000_000, 3500, true);
  timeline.received(1_500_000, 3500, true);
  timeline.received(1_500_000, 900, false);
  expect(timeline.moments).toEqual([
    { second: 1, lost: 1, returned: 0, delayMs: { 3500: 2 }, catchUpMs: { 900: 1 } },
    { second: 2, lost: 0, returned: 1, delayMs: {}, catchUpMs: {} },
  ]);
  timeline.clear();
  expect(timeline.moments).toEqual([]);
});

test("addMoments adds up what several processes saw, in the order of time", () => {
  const early = { second: 1, lost: 1, returned: 2, delayMs: { 5: 1 }, catchUpMs: { 8: 1 } };
  const late = { second: 2, lost: 0, returned: 1, delayMs: {}, catchUpMs: {} };
  expect(addMoments([late, early, { ...early, delayMs: { 5: 2, 6: 1 } }])).toEqual([
    { second: 1, lost: 2, returned: 4, delayMs: { 5: 3, 6: 1 }, catchUpMs: { 8: 2 } },
    late,
  ]);
});
