import { afterAll, describe, expect, it } from "vitest";
import { jetStream } from "../testing/make-streams.ts";
import { ReplayClients, take } from "../testing/replay-clients.ts";
import { ReplayNodes } from "../testing/replay-nodes.ts";
import { type Received, startNode } from "../testing/running-node.ts";

const nodes = await ReplayNodes.start();
afterAll(() => nodes[Symbol.asyncDispose]());
const clients = new ReplayClients(nodes);
const { first, second, token } = nodes;

describe("a subscription with a cursor", () => {
  it("goes on where the client was, on another node, with the same cursors", async () => {
    const channel = nodes.channel();
    const [before] = await clients.subscribe(first, channel);
    await nodes.storeAll(channel, 1, 3);
    const seen: Received[] = [];
    for (let count = 0; count < 3; count += 1) {
      seen.push(await before.next("message"));
    }
    before.terminate();
    await nodes.storeAll(channel, 4, 6);
    const [after, answer] = await clients.subscribe(second, channel, { since: seen[1]?.["cursor"] });
    expect(answer).toMatchObject({ type: "subscribed", resumed: true, cursor: expect.any(String) });
    const third = await after.next("message");
    expect(third).toStrictEqual(seen[2]);
    expect(await take(after, 3)).toStrictEqual([4, 5, 6]);
    await clients.expectNothingBefore(after, channel);
    await after.close();
  });

  it("is served from memory where somebody follows the channel, and from the stream where nobody does", async () => {
    const channel = nodes.channel();
    const [holder, { cursor }] = await clients.subscribe(first, channel);
    await nodes.storeAll(channel, 1, 5);
    await take(holder, 5);
    const [fromRing] = await first.counts('tidegate_resumes_total{outcome="ring"}', () =>
      clients.subscribe(first, channel, { since: cursor }),
    );
    const [fromStream] = await second.counts('tidegate_resumes_total{outcome="stream"}', () =>
      clients.subscribe(second, channel, { since: cursor }),
    );
    for (const client of [fromRing, fromStream]) {
      expect(await take(client, 5)).toStrictEqual([1, 2, 3, 4, 5]);
      await client.close();
    }
    await holder.close();
  });

  it("begins at the cursor of subscribed when nothing came after it", async () => {
    const channel = nodes.channel();
    const [client, { cursor }] = await clients.subscribe(first, channel);
    await client.close();
    await nodes.storeAll(channel, 1, 2);
    const [again] = await clients.subscribe(second, channel, { since: cursor });
    expect(await take(again, 2)).toStrictEqual([1, 2]);
    await clients.expectNothingBefore(again, channel);
    await again.close();
  });

  it("resumes a pattern, each channel in order", async () => {
    const base = nodes.channel();
    const [before, { cursor }] = await clients.subscribe(first, `${base}.*`);
    for (let number = 1; number <= 6; number += 1) {
      await first.store(`${base}.${number % 2 === 0 ? "even" : "odd"}`, String(number));
    }
    await take(before, 6);
    await before.close();
    const [after] = await clients.subscribe(second, `${base}.*`, { since: cursor });
    const messages: Received[] = [];
    while (messages.length < 6) {
      messages.push(await after.next("message"));
    }
    const of = (name: string): readonly unknown[] =>
      messages.filter((message) => message.channel === `${base}.${name}`).map(({ data }) => data);
    expect([of("odd"), of("even")]).toStrictEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    await after.close();
  });

  it("catches everything under its namespace, but not what nodes say among themselves", async () => {
    const [client] = await clients.subscribe(first, "room.>");
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 2);
    // Several ticks go by.
    await client.next("ping");
    await client.next("ping");
    const own = client.frames
      .map((frame) => (frame.kind === "text" ? (JSON.parse(frame.text) as Received) : {}))
      .filter(({ type }) => type === "message");
    expect(own.filter((message) => message.channel?.includes("_tick"))).toStrictEqual([]);
    expect(own.filter((message) => message.channel === channel)).toHaveLength(2);
    await client.close();
  });

  it("replays the last messages of a channel, and no more than there are", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 5);
    const [some, answer] = await clients.subscribe(first, channel, { replay: 2 });
    expect(answer).toMatchObject({ type: "subscribed" });
    expect(answer).not.toHaveProperty("resumed");
    expect(await take(some, 2)).toStrictEqual([4, 5]);
    const [all] = await clients.subscribe(second, channel, { replay: 100 });
    expect(await take(all, 5)).toStrictEqual([1, 2, 3, 4, 5]);
    await clients.expectNothingBefore(all, channel);
    await some.close();
    await all.close();
  });

  it("is resumed by the address as well, raw or not", async () => {
    const channel = nodes.channel();
    const [before, { cursor }] = await clients.subscribe(first, channel);
    await nodes.storeAll(channel, 1, 3);
    await before.close();
    const query = `channels=${channel}&since=${String(cursor)}&access_token=${token}`;
    const client = await second.open({ query });
    expect(await client.next("subscribed")).toMatchObject({ channel, resumed: true });
    expect(await take(client, 3)).toStrictEqual([1, 2, 3]);
    const raw = await second.open({ query: `${query}&format=raw` });
    expect([await raw.next(), await raw.next(), await raw.next()]).toStrictEqual([
      { text: "1" },
      { text: "2" },
      { text: "3" },
    ]);
    await client.close();
    await raw.close();
  });

  it("goes on from a checkpoint without a message twice or missing", async () => {
    const channel = nodes.channel();
    const [client] = await clients.subscribe(first, channel);
    await nodes.storeAll(channel, 1, 3);
    await take(client, 3);
    const { cursor } = await client.next(
      (message) => message.type === "ping" && message["cursor"] !== undefined,
      10_000,
    );
    await client.close();
    await nodes.storeAll(channel, 4, 5);
    const [after, answer] = await clients.subscribe(second, channel, { since: cursor });
    expect(answer).toMatchObject({ resumed: true });
    expect(await take(after, 2)).toStrictEqual([4, 5]);
    await after.close();
  });
});

describe("a cursor that cannot be resumed from", () => {
  it("leads to a reset when what is behind it is gone, and the subscription goes on", async () => {
    const channel = nodes.channel("brief");
    const [before, { cursor }] = await clients.subscribe(first, channel);
    await before.close();
    await nodes.storeAll(channel, 1, 10);
    const [client, answer] = await clients.subscribe(second, channel, { since: cursor });
    expect(answer).toMatchObject({ type: "subscribed", resumed: false });
    const reset = await client.next("reset");
    expect(reset).toStrictEqual({ type: "reset", channel, cursor: answer["cursor"], reason: "expired" });
    await nodes.storeAll(channel, 11, 11);
    expect(await take(client, 1)).toStrictEqual([11]);
    const [again] = await clients.subscribe(first, channel, { since: reset["cursor"] });
    expect(await take(again, 1)).toStrictEqual([11]);
    await client.close();
    await again.close();
  });

  it.each([
    ["of another epoch", () => "zzzzzzzz-5", "epoch"],
    ["of other namespaces alone", () => "00000000-5.11111111-5", "epoch"],
    ["beyond the end", (cursor: string) => cursor.replace(/-.*/, "-zzzzzz"), "future"],
  ])("is told by a reset: %s", async (_what, forge, reason) => {
    const channel = nodes.channel();
    const [client, { cursor }] = await clients.subscribe(first, channel);
    client.send({ type: "unsubscribe", id: 3, channel });
    await client.next("unsubscribed");
    client.send({ type: "subscribe", id: 4, channel, since: forge(String(cursor)) });
    expect(await client.next(({ id }) => id === 4)).toMatchObject({ type: "subscribed", resumed: false });
    expect(await client.next("reset")).toMatchObject({ channel, reason });
    await clients.expectNothingBefore(client, channel);
    await client.close();
  });

  it("is refused when it is none, cut or garbled", async () => {
    const channel = nodes.channel();
    const [client, { cursor }] = await clients.subscribe(first, channel);
    client.send({ type: "unsubscribe", id: 3, channel });
    const whole = String(cursor);
    const broken = ["", whole.slice(0, 9), whole.slice(1), `${whole}.`, `${whole}.${whole}`, "☃", " ", "0"];
    for (const [index, since] of broken.entries()) {
      client.send({ type: "subscribe", id: 10 + index, channel, since });
      expect(await client.next(({ id }) => id === 10 + index)).toMatchObject({
        type: "error",
        code: "cursor_invalid",
      });
    }
    await client.close();
    const address = await first.open({ query: `channels=${channel}&since=what&access_token=${token}` });
    expect((await address.closed).code).toBe(4507);
  });

  it("opens no channel: what another channel got stays there", async () => {
    const mine = nodes.channel();
    const theirs = nodes.channel();
    const [client, { cursor }] = await clients.subscribe(first, mine);
    await nodes.storeAll(theirs, 1, 3);
    await nodes.storeAll(mine, 4, 4);
    await client.close();
    const [again] = await clients.subscribe(second, mine, { since: cursor });
    expect(await take(again, 1)).toStrictEqual([4]);
    again.send({ type: "subscribe", id: 9, channel: "secret.a", since: cursor });
    expect(await again.next(({ id }) => id === 9)).toMatchObject({ code: "forbidden" });
    await clients.expectNothingBefore(again, mine);
    await again.close();
  });

  it("closes a raw connection for good, with the reason", async () => {
    const query = `channels=${nodes.channel()}&since=zzzzzzzz-5&access_token=${token}&format=raw`;
    const raw = await first.open({ query });
    expect(await raw.closed).toMatchObject({ code: 4509, reason: expect.stringContaining("epoch") });
  });

  it("is told in the midst of a subscription when the stream is made anew", async () => {
    await using node = await startNode({ namespaces: { room: { history: { replicas: 1 } } } });
    const { prefix } = node;
    const [client, { cursor }] = await clients.subscribe(node, "room.a");
    await node.store("room.a", "1");
    expect(await take(client, 1)).toStrictEqual([1]);
    // From the first tick on the node knows the new stream by its smaller sequences; before, by the next sweep.
    await new Promise<void>((resolve) => {
      node.backend.subscribe(`${prefix}out.room._tick`, { max: 1, callback: () => resolve() });
    });
    const { config } = (await jetStream(node.backend, `STREAM.INFO.${prefix}_room`)) as { config: object };
    await jetStream(node.backend, `STREAM.DELETE.${prefix}_room`);
    await jetStream(node.backend, `STREAM.CREATE.${prefix}_room`, config);
    // Perhaps after another: that the stream is shorter than it was shows before that it is another.
    const reset = await client.next(
      (message) => message.type === "reset" && message["reason"] === "epoch",
      10_000,
    );
    expect(reset["channel"]).toBe("room.a");
    expect(String(reset["cursor"]).slice(0, 8)).not.toBe(String(cursor).slice(0, 8));
    await node.store("room.a", "2");
    expect(await take(client, 1)).toStrictEqual([2]);
    await client.close();
  });
});
