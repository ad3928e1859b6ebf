import { expect, it } from "vitest";
import { runCrash } from "./crash-run.ts";

it("every delivery arrives, or ends as a dead letter, through kill -9 of the process and of NATS", async () => {
  const report = await runCrash({
    deliveries: 600,
    endpoints: 3,
    fails: 0.2,
    refusedEvery: 50,
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  expect(report).toMatchObject({ delivered: 588, severalIds: 0, deadLetters: 12, expectedDeadLetters: 12 });
}, 120_000);
