import { expect, test } from "vitest";
import { chartsOf } from "./bench-charts.ts";
import { completeMeasurement } from "./measurement.ts";
import { ScenarioSummary } from "./summary.ts";

test("chartsOf draws what at least two servers have", () => {
  const summary = new ScenarioSummary("sse", [
    { round: 1, scenario: "sse", server: "bare", measurement: completeMeasurement({ mostDeliveries: 5 }) },
    {
      round: 1,
      scenario: "sse",
      server: "tidegate",
      measurement: completeMeasurement({ mostDeliveries: 4 }),
    },
    { round: 1, scenario: "sse", server: "replayable", measurement: completeMeasurement({}) },
  ]);
  expect(chartsOf([summary])).toEqual([
    {
      ...{ kind: "bars", title: "Most deliveries a second: one channel, everybody on an event stream" },
      ...{
        unit: "deliveries/s",
        bars: [
          ["bare", 5],
          ["tidegate", 4],
        ],
      },
    },
  ]);
});
