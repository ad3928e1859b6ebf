import { connectPlainNats, openClient, startNats, waitUntil } from "@tidegate/testkit";
import { expect, test } from "vitest";
import { metric, openNode, testToken } from "./open-node.ts";

const CLIENTS = 200;

test("200 clients stay connected while NATS dies and comes back, and are told that messages may be missing", async () => {
  const nats = await startNats({ own: true });
  const node = await openNode(nats.url, { LIMITS_CONNECTIONS_PER_ADDRESS: "1000" });
  const token = await testToken();
  const clients = Array.from({ length: CLIENTS }, () =>
    openClient(`${node.url}?channels=chat.lobby&access_token=${token}`),
  );
  try {
    await Promise.all(clients.map((client) => client.next("subscribed")));
    expect(await metric(node, 'tidegate_connections{transport="websocket"}')).toBe(CLIENTS);

    await nats.kill();
    await waitUntil(async () => (await fetch(`${node.operations}/readyz`)).status === 503);
    expect(await metric(node, "tidegate_nats_connected")).toBe(0);
    const [first] = clients;
    first?.send({ type: "publish", id: 1, channel: "chat.lobby", data: "lost?" });
    first?.send({ type: "subscribe", id: 2, channel: "chat.other" });
    first?.send({ type: "request", id: 3, method: "demo.echo" });
    for (const id of [1, 2, 3]) {
      const answer = await first?.next((message) => "id" in message && message["id"] === id);
      expect(answer).toMatchObject({ type: "error", code: "broker_unavailable", retryable: true });
    }

    await nats.restart();
    await waitUntil(async () => (await fetch(`${node.operations}/readyz`)).status === 200, {
      timeoutMs: 15_000,
    });
    const told = await Promise.all(clients.map((client) => client.next("error", 15_000)));
    expect(new Set(told.map((message) => "code" in message && message["code"]))).toEqual(
      new Set(["messages_missed"]),
    );

    const backend = await connectPlainNats(nats.url);
    backend.publish("rt.chat.lobby", '{"back":true}');
    const messages = await Promise.all(clients.map((client) => client.next("message")));
    expect(messages).toHaveLength(CLIENTS);
    expect(messages[0]).toMatchObject({ channel: "chat.lobby", data: { back: true } });
    await backend.close();
    expect(await metric(node, 'tidegate_connections{transport="websocket"}')).toBe(CLIENTS);
    expect(await metric(node, 'tidegate_errors_total{code="messages_missed"}')).toBe(CLIENTS);
    // Told once, not once per attempt to reconnect.
    expect(clients.every((client) => client.pending.every((message) => !("code" in message)))).toBe(true);
  } finally {
    await node[Symbol.asyncDispose]();
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await nats.stop();
  }
});
