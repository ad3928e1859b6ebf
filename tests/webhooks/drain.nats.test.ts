import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { WebhookProcesses } from "./webhook-process.ts";

const MESSAGES = 300;
/** Less than it takes until a process that is silent is taken for dead: whatever comes by then was given back. */
const GIVEN_BACK_MS = 20_000;

/** Endpoints by path: `/slow…` answers after a moment, `/hanging` never. */
async function startReceiver() {
  const received: { readonly path: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path = "" } = request;
      received.push({ path, body: Buffer.concat(chunks).toString() });
      if (path !== "/hanging") setTimeout(() => response.writeHead(204).end(), 20);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of: (path: string) => received.filter((one) => one.path === path).map(({ body }) => Number(body)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

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
  const all = Array.from({ length: MESSAGES }, (_, number) => number);
  expect(receiver.of("/slow").toSorted((left, right) => left - right)).toEqual(all);
  for (let channel = 0; channel < 4; channel += 1) {
    const ofChannel = (number: number) => number % 4 === channel;
    expect(receiver.of("/slow-ordered").filter(ofChannel)).toEqual(all.filter(ofChannel));
  }
});
