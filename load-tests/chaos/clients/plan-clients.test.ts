import { expect, test } from "vitest";
import { TRANSPORTS } from "../accounting/tally.ts";
import { channelNames, planClients } from "./plan-clients.ts";

test("channels take turns in the namespaces", () => {
  expect(channelNames(5)).toEqual(["chat.r0", "feed.r0", "chat.r1", "feed.r1", "chat.r2"]);
});

test("every transport, channel and node has as many clients as the others, and both numbers of channels occur", async () => {
  const channels = channelNames(10);
  const plans = await planClients(480, channels, TRANSPORTS, 3);
  const count = (keyOf: (plan: (typeof plans)[number]) => unknown) => {
    const counts = new Map<unknown, number>();
    for (const plan of plans) {
      counts.set(keyOf(plan), (counts.get(keyOf(plan)) ?? 0) + 1);
    }
    return counts;
  };
  expect([...count(({ transport }) => transport).values()]).toEqual([120, 120, 120, 120]);
  expect([...count(({ channels: [own] }) => own).values()]).toEqual(Array(10).fill(48));
  expect([...count(({ node }) => node).values()]).toEqual([160, 160, 160]);
  expect(count((plan) => plan.channels.length)).toEqual(
    new Map([
      [1, 240],
      [2, 240],
    ]),
  );
  expect(count(({ transport, node }) => `${transport} ${node}`).size).toBe(12);
  expect(count(({ channels: [own], node }) => `${own} ${node}`).size).toBe(30);
  expect(new Set(plans.map(({ token }) => token)).size).toBe(480);
});
