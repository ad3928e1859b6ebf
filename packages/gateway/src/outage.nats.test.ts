import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { type Client, type RunningNode, startNode, userToken } from "../testing/running-node.ts";

const CLIENTS = 200;

const server = await startNats({ own: true });
const node: RunningNode = await startNode({}, server.url);
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await server.stop();
});

const token = await userToken();

describe("NATS going away and coming back", () => {
  it("keeps the clients, tells each once that messages may be missing, and goes on", async () => {
    // Half of them in a channel of their own, half together.
    const channels = Array.from({ length: CLIENTS }, (_, index) =>
      index % 2 === 0 ? "chat.all" : `chat.${index}`,
    );
    const clients: Client[] = await Promise.all(
      channels.map((channel) => node.subscriber([channel], { token })),
    );
    const idle = await node.connect({ token });
    const raw = await node.open({ query: `format=raw&channels=chat.all&access_token=${token}` });
    const left = new Set<Client>();
    for (const client of [...clients, idle, raw]) {
      void client.closed.then(() => left.add(client));
    }
    expect(await node.ready()).toBe(200);

    await server.kill();
    await waitUntil(async () => (await node.ready()) === 503, { message: "the node to be unready" });
    expect(await node.metric("tidegate_nats_connected")).toBe(0);
    const [first] = clients;
    const client = first ?? idle;
    client.send({ type: "publish", id: 2, channel: "chat.all", data: 1 });
    expect(await client.next("error")).toMatchObject({ id: 2, code: "broker_unavailable", retryable: true });
    client.send({ type: "subscribe", id: 3, channel: "chat.other" });
    expect(await client.next("error")).toMatchObject({
      id: 3,
      code: "broker_unavailable",
      channel: "chat.other",
    });
    // Others have this one on the node already: it is no more to be had than the first.
    client.send({ type: "subscribe", id: 4, channel: "chat.1" });
    expect(await client.next("error")).toMatchObject({
      id: 4,
      code: "broker_unavailable",
      channel: "chat.1",
    });
    client.send({ type: "request", id: 5, method: "demo.echo" });
    expect(await client.next("error")).toMatchObject({ id: 5, code: "broker_unavailable" });
    client.send({ type: "ping", id: 6 });
    expect(await client.next("ok")).toMatchObject({ id: 6 });
    // Leaving works without NATS; and who comes now gets in, without its channels.
    client.send({ type: "unsubscribe", id: 7, channel: "chat.all" });
    await client.next("unsubscribed");
    const late = await node.connect({ token, connect: { channels: ["chat.all"] } });
    expect(await late.next("error")).toMatchObject({ code: "broker_unavailable", channel: "chat.all" });
    const lateRaw = await node.open({ query: `format=raw&channels=chat.all&access_token=${token}` });
    expect((await lateRaw.closed).code).toBe(4009);

    await server.restart();
    await waitUntil(async () => (await node.ready()) === 200, {
      message: "the node to be ready",
    });
    const missed = (message: { code?: string | undefined }): boolean => message.code === "messages_missed";
    await Promise.all(clients.slice(1).map((one) => one.next(missed)));
    client.send({ type: "subscribe", id: 8, channel: "chat.all" });
    await client.next("subscribed");

    // The backend of the test has to come back as well.
    await node.backend.flush();
    const targets = new Set(channels);
    for (const channel of targets) {
      node.publish(channel, '"back"');
    }
    await Promise.all(clients.map((one) => one.next((message) => message.data === "back")));
    expect(await raw.next()).toStrictEqual({ text: '"back"' });
    for (const one of [...clients, idle, late]) {
      expect(one.pending.filter(missed)).toStrictEqual([]);
    }
    expect(raw.frames).toHaveLength(1);
    expect(left.size).toBe(0);
    expect(await node.metric("tidegate_nats_reconnects_total")).toBe(1);
    expect(await node.metric('tidegate_errors_total{code="messages_missed"}')).toBe(CLIENTS - 1);
    await Promise.all([...clients, idle, late, raw].map((one) => one.close()));
  });

  it("fails requests in flight at once, and not at their timeout", async () => {
    const arrived = new Promise<void>((resolve) => {
      node.backend.subscribe("rpc.demo.silent", { callback: () => resolve() });
    });
    await node.backend.flush();
    await using client = await node.connect({ token });
    client.send({ type: "request", id: 2, method: "demo.silent" });
    await arrived;
    await server.kill();
    expect(await client.next("error")).toMatchObject({ id: 2, code: "broker_unavailable", retryable: true });
    await server.restart();
    await waitUntil(async () => (await node.ready()) === 200);
  });
});
