import { expect, test } from "vitest";
import { renderSvg } from "../charts/svg.ts";
import { actResult } from "./act-result.fixture.ts";
import { chartsOf, remarksOn, renderReport, verdictsOf } from "./rehearsal-report.ts";

const moments = [
  { second: 102, lost: 0, returned: 0, delayMs: { 10: 100 }, catchUpMs: {} },
  { second: 105, lost: 4, returned: 30, delayMs: { 50: 100 }, catchUpMs: {} },
  { second: 110, lost: 0, returned: 0, delayMs: { 15: 100 }, catchUpMs: {} },
];
const departures = [
  { node: "n1", connections: 20, windowSeconds: 2, fromMicros: 104.5e6, untilMicros: 107e6 },
];
const RESULTS = [
  actResult({ act: "rolling-restart", moments, departures }, { received: 50 }),
  actResult(
    { act: "clock-jump", moments, storeLost: 1 },
    {
      lost: 2,
      connectionsLost: 2,
      resets: { "sse gap": 3 },
      endings: { "sse served: ECONNRESET": 2 },
      lostPlaces: ["chat.r0 at 7"],
    },
  ),
];

function verdictOf(title: string) {
  return verdictsOf(RESULTS).find((one) => one.title === title);
}

test("what operators do on purpose may not be noticed; what breaks may be while it is broken", () => {
  expect(verdictOf("rolling-restart: messages lost")?.verdict).toBe("met");
  expect(verdictOf("rolling-restart: most reconnects a second / paced rate")).toMatchObject({
    measured: 3,
    verdict: "missed",
  });
  expect(verdictOf("rolling-restart: p99 meanwhile / before")).toMatchObject({
    measured: 5,
    verdict: "missed",
  });
  expect(verdictOf("rolling-restart: p99 after / before")).toMatchObject({ measured: 1.5, verdict: "met" });
  expect(verdictOf("clock-jump: p99 meanwhile / before")?.verdict).toBe("no goal");
  expect(verdictOf("clock-jump: connections lost")).toMatchObject({ measured: 2, verdict: "missed" });
  expect(verdictOf("clock-jump: most reconnects a second / paced rate")).toBeUndefined();
});

test("a message that the store has lost is lost", () => {
  expect(verdictOf("clock-jump: messages lost")).toMatchObject({ measured: 3, verdict: "missed" });
  expect(verdictOf("clock-jump: resets")).toMatchObject({ measured: 3, verdict: "no goal" });
});

test("the report has a column for each act, its verdicts, and what to know of it", () => {
  const text = renderReport(RESULTS, "a machine");
  expect(text.split("\n")[0]).toBe("a machine");
  expect(text).toMatch(/^ +rolling-restart +clock-jump$/m);
  expect(text).toMatch(/^lost +0 +2$/m);
  expect(text).toMatch(/^most reconnects in a second +30 +30$/m);
  expect(text).toContain("clock-jump ended sse served: ECONNRESET (2)");
  expect(text).toContain("clock-jump lost chat.r0 at 7");
  expect(remarksOn(RESULTS)).toHaveLength(1);
});

test("there is a chart of the reconnects of each act, and one of the delays of all", () => {
  const charts = chartsOf(RESULTS);
  expect(charts.map(({ kind }) => kind)).toEqual(["lines", "lines", "bars"]);
  for (const chart of charts) {
    expect(renderSvg(chart)).toContain("<svg");
    expect(renderSvg(chart)).not.toContain("NaN");
  }
});
