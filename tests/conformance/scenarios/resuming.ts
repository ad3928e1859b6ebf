import { strict as assert } from "node:assert";
import { range, receive, receiveData, receiveNothing, type TransportContext } from "../context.ts";
import { onEveryTransport, type Scenario } from "../scenario.ts";
import type { Received, Stream } from "../transports/transport.ts";
import { isWebSocket } from "../transports/transport.ts";

/** The payloads of these messages by channel. */
function byChannel(messages: readonly Received[]): ReadonlyMap<string, readonly unknown[]> {
  const lists = new Map<string, unknown[]>();
  for (const { channel, data } of messages) {
    const list = lists.get(channel) ?? [];
    list.push(data);
    lists.set(channel, list);
  }
  return lists;
}

/** Publishes to these channels in turn, as `<round>` to each. */
async function publishRounds(
  context: TransportContext,
  channels: readonly string[],
  rounds: readonly number[],
): Promise<void> {
  for (const round of rounds) {
    for (const channel of channels) {
      await context.publish(channel, { data: round });
    }
  }
}

/** Three times: messages while it is connected, then while it is away, and all of them once and in order. */
async function comeAndGo(
  context: TransportContext,
  subscribed: readonly string[],
  channels: readonly string[],
  whereToGoOn: (stream: Stream) => Promise<string> | ReturnType<Stream["position"]>,
): Promise<void> {
  let stream = await context.subscribe(subscribed);
  for (let round = 0; round < 3; round += 1) {
    const first = 10 * round;
    await publishRounds(context, channels, range(first, first + 2));
    const live = await receive(stream, 3 * channels.length);
    const resume = await whereToGoOn(stream);
    await stream.close();
    await publishRounds(context, channels, range(first + 3, first + 6));
    stream = await context.subscribe(subscribed, resume);
    const missed = await receive(stream, 4 * channels.length);
    assert.deepEqual(
      byChannel([...live, ...missed]),
      new Map(channels.map((channel) => [channel, range(first, first + 6)])),
    );
  }
  await receiveNothing(stream);
}

export const RESUMING: readonly Scenario[] = [
  onEveryTransport(
    "what is published while a client is away comes when it is back, once",
    async (context) => {
      const channel = context.channel();
      await comeAndGo(context, [channel], [channel], (stream) => stream.position());
    },
  ),

  onEveryTransport(
    "a subscription can be resumed from its beginning, before any message",
    async (context) => {
      const channel = context.channel();
      await context.publishEach(channel, ["before"]);
      const stream = await context.subscribe([channel]);
      const position = stream.position();
      assert.equal(position.size, 1, "no cursor at the beginning");
      await stream.close();
      await context.publishEach(channel, range(1, 3));
      const resumed = await context.subscribe([channel], position);
      assert.deepEqual(await receiveData(resumed, 3), range(1, 3));
      await receiveNothing(resumed);
    },
  ),

  onEveryTransport(
    "a resumed subscription that breaks before its first message loses nothing",
    async (context) => {
      const channel = context.channel();
      const stream = await context.subscribe([channel]);
      let position = stream.position();
      await stream.close();
      await context.publishEach(channel, range(1, 3));
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const broken = await context.subscribe([channel], position);
        position = broken.isAtPosition ? broken.position() : position;
        await broken.close();
      }
      const resumed = await context.subscribe([channel], position);
      assert.deepEqual(await receiveData(resumed, 3), range(1, 3));
      await receiveNothing(resumed);
    },
  ),

  onEveryTransport("the cursor of each message is a place to go on from", async (context) => {
    const channel = context.channel();
    const cursors = await context.publishEach(channel, range(1, 5));
    for (const [index, cursor] of cursors.entries()) {
      const stream = await context.subscribe([channel], cursor);
      assert.deepEqual(await receiveData(stream, 4 - index), range(index + 2, 5));
      await context.publish(context.channel("b"));
      await receiveNothing(stream);
      await stream.close();
    }
  }),

  onEveryTransport("resuming meets messages that keep coming without a seam", async (context) => {
    const channel = context.channel();
    let stream = await context.subscribe([channel]);
    const publishing = context.publishEach(channel, range(1, 60));
    const got: unknown[] = [];
    while (got.length < 60) {
      const stopAt = got.length + 7;
      while (got.length < 60 && (got.length < stopAt || !stream.isAtPosition)) {
        got.push(...(await receiveData(stream, 1)));
      }
      const position = stream.position();
      await stream.close();
      stream = await context.subscribe([channel], position);
    }
    await publishing;
    assert.deepEqual(got, range(1, 60));
    await receiveNothing(stream);
  }),

  onEveryTransport("several channels are resumed, each where it was", async (context) => {
    const channels = ["a", "b", "c"].map((name) => context.channel(name));
    await comeAndGo(context, channels, channels, (stream) => stream.position());
  }),

  onEveryTransport("several channels are resumed by one checkpoint", async (context) => {
    const channels = ["a", "b", "c"].map((name) => context.channel(name));
    if (isWebSocket(context.transport)) {
      // Every message has a cursor of its own there, and a busy channel leaves no moment for one that is exact for all.
      context.differs(
        "a WebSocket has a cursor for each channel; one for several needs all of them to be quiet",
      );
      return;
    }
    await comeAndGo(context, channels, channels, (stream) => stream.checkpoint());
  }),

  onEveryTransport("a pattern is resumed", async (context) => {
    const channels = ["p.a", "p.b"].map((name) => context.channel(name));
    await comeAndGo(context, [context.channel("p.*")], channels, (stream) => stream.position());
  }),

  onEveryTransport(
    "channels of several namespaces are resumed by one checkpoint",
    async (context) => {
      const channels = [context.channel("a"), context.channel("a", context.target.secondPrefix)];
      await comeAndGo(context, channels, channels, (stream) => stream.checkpoint());
    },
    ({ secondPrefix }) => (secondPrefix === undefined ? "--second-prefix" : undefined),
  ),

  onEveryTransport("its cursors serve every other transport", async (context) => {
    for (const other of context.transports.values()) {
      const channels = ["a", "b"].map((name) => context.channel(`${name}.${other.name.replace(" ", "-")}`));
      const stream = await context.subscribe(channels);
      await publishRounds(context, channels, [1, 2]);
      const live = await receive(stream, 4);
      const position = stream.position();
      await stream.close();
      await publishRounds(context, channels, [3, 4]);
      const hasOneCursor = new Set(position.values()).size === 1;
      // A cursor for each channel is of use to all transports, if each channel has a stream of its own.
      const together = hasOneCursor ? [channels] : channels.map((channel) => [channel]);
      const missed: Received[] = [];
      for (const names of together) {
        const resume = new Map([...position].filter(([name]) => names.includes(name)));
        const resumed = await context.open(other, { channels: names, resume });
        missed.push(...(await receive(resumed, 2 * names.length)));
        await receiveNothing(resumed);
        await resumed.close();
      }
      const expected = new Map(channels.map((channel) => [channel, range(1, 4)]));
      assert.deepEqual(byChannel([...live, ...missed]), expected, other.name);
    }
  }),

  onEveryTransport("the checkpoint of a quiet channel serves every other transport", async (context) => {
    const channel = context.channel();
    await context.publishEach(channel, [1]);
    const stream = await context.subscribe([channel]);
    await context.publishEach(context.channel("b"), [2]);
    const checkpoint = await stream.checkpoint();
    await stream.close();
    await context.publishEach(channel, [3, 4]);
    for (const other of context.transports.values()) {
      const resumed = await context.open(other, { channels: [channel], resume: checkpoint });
      assert.deepEqual(await receiveData(resumed, 2), [3, 4], other.name);
      await receiveNothing(resumed);
      await resumed.close();
    }
  }),
];
