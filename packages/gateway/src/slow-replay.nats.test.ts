import { opcodes, type RawSocket, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { REPLAY_GRANTS } from "../testing/replay-nodes.ts";
import { type Client, type Received, startNode, userToken } from "../testing/running-node.ts";

const node = await startNode({
  limits: { outboxBytes: "256KiB", ringMessages: 30 },
  ping: { intervalMs: "60s", pongTimeoutMs: "60s" },
  namespaces: { room: { history: { messagesPerChannel: 5_000, replicas: 1 } } },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken({ grants: REPLAY_GRANTS });
const FILLER = "x".repeat(50_000);
const LAGGING = 'tidegate_connections_lagging{transport="websocket"}';
const STALLED = 2;
const HEALTHY = 8;

async function publish(channels: readonly string[], number: number): Promise<void> {
  for (const channel of channels) {
    await node.store(channel, JSON.stringify({ number, filler: FILLER }));
  }
}

/** A client that has subscribed and then stops reading. */
async function stalled(channels: string): Promise<RawSocket> {
  const socket = await node.raw({ query: `channels=${channels}&access_token=${token}` });
  for (let frames = 0; frames < 1 + channels.split(",").length; frames += 1) {
    await socket.readFrame();
  }
  socket.pause();
  return socket;
}

function numberOf({ data }: Received): number {
  return (data as { readonly number: number }).number;
}

/** Reads until each channel has brought so many messages, and looks that each came in order and once. */
async function readAll(next: () => Promise<Received>, channels: readonly string[], count: number) {
  const got = new Map(channels.map((channel) => [channel, 0]));
  while ([...got.values()].some((numbers) => numbers < count)) {
    const message = await next();
    expect(message).toMatchObject({ type: "message", cursor: expect.any(String) });
    const { channel = "" } = message;
    expect([channel, numberOf(message)]).toStrictEqual([channel, got.get(channel)]);
    got.set(channel, numberOf(message) + 1);
  }
}

async function nextOf(socket: RawSocket): Promise<Received> {
  for (;;) {
    const { opcode, payload } = await socket.readFrame();
    if (opcode === opcodes.text) {
      return JSON.parse(payload.toString()) as Received;
    }
    expect(opcode).not.toBe(opcodes.close);
  }
}

describe("clients that stop reading replayable channels", () => {
  it.each([
    ["one channel", ["room.a"], "room.a"],
    ["several channels", ["room.b", "room.c"], "room.b,room.c"],
    ["a pattern", ["room.d.x", "room.d.y"], "room.d.*"],
  ])(
    "lose nothing and get nothing twice, nor do others: %s",
    async (_what, channels, names) => {
      const healthy: Client[] = [];
      for (let count = 0; count < HEALTHY; count += 1) {
        healthy.push(await node.subscriber(names.split(","), { token }));
      }
      const slow: RawSocket[] = [];
      for (let count = 0; count < STALLED; count += 1) {
        slow.push(await stalled(names));
      }
      const caughtUp = 'tidegate_catch_ups_total{outcome="stream"}';
      const caughtUpBefore = await node.metric(caughtUp);
      let published = 0;
      while ((await node.metric(LAGGING)) < STALLED) {
        await publish(channels, published);
        published += 1;
      }
      // More than the ring keeps.
      for (const last = published + 40; published < last; published += 1) {
        await publish(channels, published);
      }
      for (const client of healthy) {
        await readAll(() => client.next("message"), channels, published);
      }
      expect(await node.metric(LAGGING)).toBe(STALLED);
      for (const socket of slow) {
        socket.resume();
      }
      const reading = slow.map((socket) => readAll(() => nextOf(socket), channels, published + 10));
      for (const last = published + 10; published < last; published += 1) {
        await publish(channels, published);
      }
      await Promise.all(reading);
      await waitUntil(async () => (await node.metric(LAGGING)) === 0);
      expect(await node.metric(caughtUp)).toBeGreaterThanOrEqual(caughtUpBefore + STALLED);
      expect(await node.metric("tidegate_messages_missed_total")).toBe(0);
      expect(await node.metric('tidegate_closes_total{code="slow_consumer"}')).toBe(0);
      for (const client of [...healthy, ...slow]) {
        await client.close();
      }
    },
    60_000,
  );
});
