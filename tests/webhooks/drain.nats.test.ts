import { waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { startReceiver } from "./receiver.ts";
import { WebhookProcesses } from "./webhook-process.ts";

const MESSAGES = 300;
/** Less than it takes until a process that is silent is taken for dead: whatever comes by then was given back. */
const GIVEN_BACK_MS = 20_000;

it("ends what is under way at SIGTERM, gives back the rest, and exits with 0", async () => {
  await using receiver = await startReceiver();
  await using processes = await WebhookProcesses.open();
  const settings = { TIDEGATE_WEBHOOKS_TIMEOUT_MS: "2s", TIDEGATE_DRAIN_DEADLINE_MS: "15s" };
  const first = await processes.start(settings);
  const channels = ["shop.>"];
  for (const endpoint of [
    { url: `${receiver.url}/slow`, channels },
    { url: `${receiver.url}/slow-ordered`, channels, ordering: "fifo" },
    // Waits for its turn when the signal comes, for longer than the process has.
    { url: `${receiver.url}/slow-limited`, channels, ordering: "fifo", ratePerSecond: 0.05 },
    { url: `${receiver.url}/slow-rare`, channels, ratePerSecond: 0.05 },
    { url: `${receiver.url}/hanging`, channels, concurrency: 2 },
  ]) {
    await first.createEndpoint(endpoint);
  }
  const publishing = (async () => {
    for (let number = 0; number < MESSAGES; number += 1) {
      await processes.publish(`shop.c${number % 4}`, String(number));
    }
  })();
  await waitUntil(() => receiver.of("/slow").length > 40 && receiver.of("/hanging").length === 2);
  first.process.signal("SIGTERM");
  expect(await first.process.exited).toStrictEqual({ code: 0, signal: null });
  const before = [receiver.of("/slow").length, receiver.of("/slow-ordered").length];
  expect(before[0]).toBeLessThan(MESSAGES);
  expect(before[1]).toBeLessThan(MESSAGES);
  await publishing;

  await processes.start(settings);
  await waitUntil(
    () => receiver.of("/slow").length === MESSAGES && receiver.of("/slow-ordered").length === MESSAGES,
    { timeoutMs: GIVEN_BACK_MS },
  );
  const numbersOf = (path: string) => receiver.of(path).map(Number);
  const all = Array.from({ length: MESSAGES }, (_, number) => number);
  expect(numbersOf("/slow").toSorted((left, right) => left - right)).toEqual(all);
  for (let channel = 0; channel < 4; channel += 1) {
    const ofChannel = (number: number) => number % 4 === channel;
    expect(numbersOf("/slow-ordered").filter(ofChannel)).toEqual(all.filter(ofChannel));
  }
});
