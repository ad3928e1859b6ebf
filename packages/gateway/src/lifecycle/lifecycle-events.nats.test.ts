import type { NatsConnection } from "@tidegate/testkit";
import { waitUntil } from "@tidegate/testkit";
import { expect, it } from "vitest";
import { type RunningNode, startNode, userToken } from "../../testing/running-node.ts";

interface Announced {
  readonly subject: string;
  readonly event: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

async function listen(backend: NatsConnection, prefix: string): Promise<Announced[]> {
  const announced: Announced[] = [];
  backend.subscribe(`${prefix}ev.>`, {
    callback: (_error, message) => {
      const event = message.headers?.get("Tidegate-Event");
      const subject = message.subject.slice(prefix.length);
      announced.push({ subject, event, body: message.json() });
    },
  });
  await backend.flush();
  return announced;
}

/** A client comes on each transport that stays, one by a poll, one with a bad token; then all go. */
async function visit(node: RunningNode): Promise<void> {
  const client = await node.subscriber(["chat.a"]);
  const headers = { authorization: `Bearer ${await userToken({ sub: "bea" })}` };
  const leaving = new AbortController();
  const stream = await fetch(node.http("/v1/sse?channels=chat.a"), { headers, signal: leaving.signal });
  await fetch(node.http("/v1/poll?channels=chat.a&timeout=0"), { headers });
  const refused = await node.open();
  refused.send({ type: "connect", id: 1, token: "bad" });
  await refused.closed;
  await client.close();
  leaving.abort();
  await stream.text().catch(() => {});
  await waitUntil(async () => (await node.metric("tidegate_subscriptions")) === 0);
}

it("announces clients that come and go, and channels that have subscribers, where it is asked for", async () => {
  const events = { events: { connections: true }, namespaces: { chat: { events: true } } };
  const node = await startNode(events);
  const announced = await listen(node.backend, node.prefix);
  await visit(node);
  await waitUntil(() => announced.length >= 5);
  const who = (type: string, user: string) =>
    announced.find(({ body }) => body["type"] === type && body["user"] === user)?.body;
  expect(who("connection.opened", "ada")).toMatchObject({ node: "n1", transport: "websocket" });
  expect(who("connection.closed", "ada")).toEqual({
    ...who("connection.opened", "ada"),
    type: "connection.closed",
    at: expect.any(Number),
    cause: "client",
  });
  expect(who("connection.opened", "bea")?.["transport"]).toBe("sse");
  expect(who("connection.closed", "bea")?.["connection"]).toBe(
    who("connection.opened", "bea")?.["connection"],
  );
  expect(announced.find(({ event }) => event === "channel.occupied")).toMatchObject({
    subject: "ev.channel.occupied",
    body: { node: "n1", channel: "chat.a", type: "channel.occupied" },
  });
  // The node that leaves says so of its channels before it goes.
  await node.gateway.drain(AbortSignal.timeout(2_000));
  await node.gateway.stop?.();
  await waitUntil(() => announced.length === 6);
  expect(announced[5]).toMatchObject({ subject: "ev.channel.vacated", body: { channel: "chat.a" } });
  await node[Symbol.asyncDispose]();
});

it("announces nothing where nobody has asked for it", async () => {
  await using node = await startNode();
  const announced = await listen(node.backend, node.prefix);
  await visit(node);
  await node.backend.flush();
  expect(announced).toEqual([]);
});
