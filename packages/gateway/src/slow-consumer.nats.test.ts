import { opcodes, type RawSocket, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import {
  type Client,
  type Received,
  type RunningNode,
  startNode,
  userToken,
} from "../testing/running-node.ts";

function startWithGrace(laggingMs: string): Promise<RunningNode> {
  return startNode({
    limits: { outboxBytes: "256KiB", laggingMs },
    ping: { intervalMs: "60s", pongTimeoutMs: "60s" },
  });
}

const node = await startWithGrace("2s");
/** For those who read again: what happens meanwhile takes long on machines that others use too. */
const patient = await startWithGrace("60s");
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await patient[Symbol.asyncDispose]();
});

const token = await userToken();
const PAYLOAD_BYTES = 100_000;
const MISSED = "tidegate_messages_missed_total";
const TOLD = 'tidegate_errors_total{code="messages_missed"}';

function payload(number: number): string {
  return JSON.stringify({ number, filler: "x".repeat(PAYLOAD_BYTES) });
}

/** A client that has subscribed to the channel and then stops reading. */
async function stalledSubscriber(node: RunningNode, channel: string): Promise<RawSocket> {
  const socket = await node.raw({ query: `channels=${channel}&access_token=${token}` });
  for (let frames = 0; frames < 2; frames += 1) {
    await socket.readFrame();
  }
  socket.pause();
  return socket;
}

/** Publishes until a client lags, one message at a time, each seen by the one who reads. Returns how many. */
async function publishUntilLagging(node: RunningNode, channel: string, reader: Client): Promise<number> {
  const before = await node.metric(MISSED);
  for (let number = 0; ; number += 1) {
    node.publish(channel, payload(number));
    expect((await reader.next("message")).data).toMatchObject({ number });
    if ((await node.metric(MISSED)) > before) {
      return number + 1;
    }
  }
}

async function readMessage(socket: RawSocket): Promise<Received> {
  for (;;) {
    const { opcode, payload: bytes } = await socket.readFrame();
    if (opcode === opcodes.text) {
      return JSON.parse(bytes.toString()) as Received;
    }
  }
}

describe("a client that stops reading", () => {
  it.each([
    ["one other", "chat.two", 0],
    ["many others", "chat.many", 8],
  ])(
    "costs nobody else a message, is told what it missed when it reads again, and goes on: beside %s",
    async (_beside, channel, companions) => {
      await using reader = await patient.subscriber([channel]);
      const others: Client[] = [];
      for (let count = 0; count < companions; count += 1) {
        others.push(await patient.subscriber([channel]));
      }
      await using stalled = await stalledSubscriber(patient, channel);
      const told = await patient.metric(TOLD);
      const missedBefore = await patient.metric(MISSED);
      let published = await publishUntilLagging(patient, channel, reader);

      // From here on nothing is kept for it: what it misses is counted, and only the reader's copy goes out.
      const missedAtFirst = await patient.metric(MISSED);
      const sentAtFirst = await patient.metric("tidegate_messages_out_total");
      for (const last = published + 50; published < last; published += 1) {
        patient.publish(channel, payload(published));
        await reader.next("message");
      }
      expect((await patient.metric(MISSED)) - missedAtFirst).toBe(50);
      expect((await patient.metric("tidegate_messages_out_total")) - sentAtFirst).toBe(50 * (1 + companions));

      stalled.resume();
      let received = 0;
      let message = await readMessage(stalled);
      for (; message.type === "message"; message = await readMessage(stalled)) {
        expect(message.data).toMatchObject({ number: received });
        received += 1;
      }
      const missed = (await patient.metric(MISSED)) - missedBefore;
      expect(message).toStrictEqual({
        type: "error",
        code: "messages_missed",
        message: expect.any(String),
        retryable: false,
        channel: channel,
        missed,
      });
      expect(received + missed).toBe(published);
      patient.publish(channel, payload(published));
      expect((await readMessage(stalled)).data).toMatchObject({ number: published });
      expect((await reader.next("message")).data).toMatchObject({ number: published });
      expect(await patient.metric(TOLD)).toBe(told + 1);
      for (const other of others) {
        for (let number = 0; number <= published; number += 1) {
          expect((await other.next("message")).data).toMatchObject({ number });
        }
        await other.close();
      }
    },
  );

  it("is closed with 4004 when it does not read again in time, behind what it was sent before", async () => {
    await using reader = await node.subscriber(["chat.closed"]);
    await using stalled = await stalledSubscriber(node, "chat.closed");
    await publishUntilLagging(node, "chat.closed", reader);
    await waitUntil(async () => (await node.metric('tidegate_closes_total{code="slow_consumer"}')) === 1);
    expect(await node.metric('tidegate_connections{transport="websocket"}')).toBe(1);
    stalled.resume();
    for (;;) {
      const frame = await stalled.readFrame();
      if (frame.opcode === opcodes.close) {
        expect(frame.payload.readUInt16BE()).toBe(4004);
        break;
      }
    }
    reader.send({ type: "ping", id: 2 });
    await reader.next("ok");
  });

  it("is closed when it goes on asking without reading the answers, without waiting for its grace to end", async () => {
    const echo = node.backend.subscribe("rpc.demo.large", {
      callback: (_error, message) => {
        message.respond(Buffer.alloc(200_000, "x"));
      },
    });
    await using asking = await node.raw({ query: `access_token=${token}` });
    await asking.readFrame();
    asking.pause();
    const replies = 'tidegate_requests_total{outcome="reply"}';
    const isClosed = async (): Promise<boolean> =>
      (await node.metric('tidegate_connections{transport="websocket"}')) === 0;
    const before = await node.metric(replies);
    for (let id = 1; !(await isClosed()); id += 1) {
      await asking.writeFrame({ payload: JSON.stringify({ type: "request", id, method: "demo.large" }) });
      await waitUntil(async () => (await node.metric(replies)) === before + id || (await isClosed()));
    }
    asking.resume();
    for (;;) {
      const { opcode, payload: bytes } = await asking.readFrame();
      if (opcode === opcodes.close) {
        expect([bytes.readUInt16BE(), bytes.toString("utf8", 2)]).toStrictEqual([
          4004,
          "slow_consumer: too much was waiting to be read",
        ]);
        break;
      }
    }
    echo.unsubscribe();
  });
});
