import { afterAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment.ts";
import { perform, type Run, runsOf } from "./run-scenario.ts";
import { SCENARIOS } from "./scenarios/every-scenario.ts";
import { type Defect, defective } from "./transports/defective.fixture.ts";
import { TRANSPORT_NAMES } from "./transports/transport.ts";

const deployment = await Deployment.start();
afterAll(() => deployment[Symbol.asyncDispose]());

/** What transports do differently on purpose. Anything else is a failure, and so is a difference that is gone. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ...["websocket", "batching websocket"].map(
    (name) =>
      [
        `${name}: several channels are resumed by one checkpoint`,
        "a WebSocket has a cursor for each channel; one for several needs all of them to be quiet",
      ] as const,
  ),
  ["sse: what is no cursor is refused", "an EventSource gets a reset, since an error would end it for good"],
  [
    "sse: bare payloads are the data of events",
    "line ends arrive as LF, and bytes as base64; format=json is exact",
  ],
  [
    "short polling: live channels deliver what is published while somebody listens",
    "nobody listens between short polls: live channels bring nothing",
  ],
  [
    "long polling: live channels deliver what is published while somebody listens",
    "what is published between two polls of a live channel is not delivered",
  ],
]);

describe.concurrent.each(Object.entries(SCENARIOS))("%s", (_topic, scenarios) => {
  const runs = scenarios.flatMap(runsOf).map((run) => [`${run.over}: ${run.scenario.name}`, run] as const);
  it.each(runs)("%s", { timeout: 60_000 }, async (title, run) => {
    expect(
      run.scenario.needs?.(deployment.target),
      "this deployment has all that scenarios need",
    ).toBeUndefined();
    expect((await perform(run, deployment.target)).join("; ")).toBe(DIFFERENCES.get(title) ?? "");
  });
});

/** By what is wrong: a defect, and a scenario that has to fail because of it. */
const DEFECTS: Readonly<Record<string, readonly [defect: Defect, scenario: string]>> = {
  "loses a message": [
    { give: (arrival, index) => (index === 4 ? [] : [arrival]) },
    "what is published while a client is away comes when it is back, once",
  ],
  "loses the first message after resuming": [
    { give: (arrival, index) => (index === 0 ? [] : [arrival]) },
    "the cursor of each message is a place to go on from",
  ],
  "delivers a message twice": [
    { give: (arrival, index) => (index === 2 ? [arrival, arrival] : [arrival]) },
    "messages arrive in the order in which they were published",
  ],
  "delivers the last message twice": [
    { give: (arrival, index) => (index === 29 ? [arrival, arrival] : [arrival]) },
    "messages arrive in the order in which they were published",
  ],
  "begins now, whatever the cursor": [
    { open: ({ resume, ...options }) => options },
    "what is published while a client is away comes when it is back, once",
  ],
  "gives cursors that are one message late": [
    { isPositionLate: true },
    "what is published while a client is away comes when it is back, once",
  ],
  "tells of no reset": [
    { give: (arrival) => (arrival.kind === "reset" ? [] : [arrival]) },
    "a cursor from the future is a reset",
  ],
  "brings messages of other channels": [
    {
      give: (arrival) =>
        arrival.kind === "message"
          ? [{ ...arrival, message: { ...arrival.message, channel: "kept.conformance.other" } }]
          : [arrival],
    },
    "a forged place shows nothing but the channels that are granted",
  ],
  "takes text for JSON": [
    {
      give: (arrival) =>
        arrival.kind === "message"
          ? [{ ...arrival, message: { ...arrival.message, encoding: undefined } }]
          : [arrival],
    },
    "payloads of every kind arrive as they were published",
  ],
};

describe.concurrent("the suite itself notices a transport that", () => {
  const cases = Object.entries(DEFECTS).flatMap(([what, [defect, scenario]]) =>
    TRANSPORT_NAMES.map((transport) => [`${what} (${transport})`, defect, scenario, transport] as const),
  );
  it.each(cases)("%s", { timeout: 60_000 }, async (_title, defect, name, transport) => {
    const run = Object.values(SCENARIOS)
      .flatMap((scenarios) => scenarios.flatMap(runsOf))
      .find(
        (candidate): candidate is Run =>
          candidate.scenario.name === name && candidate.transport === transport,
      );
    expect(run).toBeDefined();
    if (run !== undefined) {
      await expect(perform(run, deployment.target, (whole) => defective(whole, defect))).rejects.toThrow();
    }
  });
});
