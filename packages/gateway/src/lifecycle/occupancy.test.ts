import { expect, it } from "vitest";
import { fakeNode, POLICIES } from "../../testing/fake-node.ts";
import { NamespacePolicies } from "../namespace-policies.ts";
import { LifecycleEvents } from "./lifecycle-events.ts";
import { Occupancy, VACANT_AFTER_MS } from "./occupancy.ts";

function occupancy() {
  const { broker, clock, context } = fakeNode();
  const uptime = (): number => clock.uptime;
  const chat = POLICIES.get("chat");
  const policies = new NamespacePolicies(
    new Map([...POLICIES, ...(chat === undefined ? [] : [["chat", { ...chat, events: true }] as const])]),
  );
  const events = new LifecycleEvents({ node: "n1", broker, now: context.now });
  const told = (): string[] =>
    broker.announced.splice(0).map(({ event, payload }) => {
      const { channel } = payload as { readonly channel: string };
      return `${event} ${channel}`;
    });
  return { clock, told, channels: new Occupancy({ events, policies, uptime }) };
}

it("announces a channel that gets its first subscriber, and one that has been without for a while", () => {
  const { clock, told, channels } = occupancy();
  channels.entered("chat.a");
  channels.entered("chat.b");
  expect(told()).toEqual(["channel.occupied chat.a", "channel.occupied chat.b"]);
  channels.left("chat.a");
  clock.uptime += VACANT_AFTER_MS - 1;
  channels.left("chat.b");
  channels.sweep();
  expect(told()).toEqual([]);
  clock.uptime += 1;
  channels.sweep();
  expect(told()).toEqual(["channel.vacated chat.a"]);
  channels.stop();
  expect(told()).toEqual(["channel.vacated chat.b"]);
});

it("takes no notice of who comes back in time, of patterns, and of namespaces that do not ask for it", () => {
  const { clock, told, channels } = occupancy();
  for (const name of ["chat.a", "chat.*", "news.a", "nowhere"]) {
    channels.entered(name);
  }
  expect(told()).toEqual(["channel.occupied chat.a"]);
  channels.left("chat.a");
  channels.left("chat.*");
  clock.uptime += VACANT_AFTER_MS - 1;
  channels.entered("chat.a");
  clock.uptime += VACANT_AFTER_MS;
  channels.sweep();
  expect(told()).toEqual([]);
  channels.stop();
  expect(told()).toEqual(["channel.vacated chat.a"]);
});
