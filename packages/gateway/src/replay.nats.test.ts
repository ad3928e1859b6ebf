import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { jetStream } from "../testing/make-streams.ts";
import {
  type Client,
  type Received,
  type RunningNode,
  startNode,
  userToken,
} from "../testing/running-node.ts";

const GRANTS = { subscribe: ["room.>", "brief.>"], publish: ["room.>"], history: ["room.>"] };
const SETTINGS = {
  subjects: { prefix: "replay" },
  ping: { intervalMs: "1s" },
  namespaces: {
    room: { publish: "direct", history: { messagesPerChannel: 1_000, replicas: 1 } },
    brief: { history: { messagesPerChannel: 5, replicas: 1 } },
  },
};

const server = await startNats({ own: true });
const first = await startNode({ ...SETTINGS, node: { name: "n1" } }, server.url);
const second = await startNode({ ...SETTINGS, node: { name: "n2" } }, server.url);
afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await server.stop();
});

const token = await userToken({ grants: GRANTS });
const otherToken = await userToken({ sub: "bob", grants: GRANTS });

let channels = 0;
/** One that no other test uses. */
function newChannel(namespace = "room"): string {
  channels += 1;
  return `${namespace}.c${channels}`;
}

async function subscribe(
  node: RunningNode,
  channel: string,
  extra: object = {},
): Promise<[Client, Received]> {
  const client = await node.connect({ token });
  client.send({ type: "subscribe", id: 2, channel, ...extra });
  const answer = await client.next(({ id }) => id === 2);
  return [client, answer];
}

/** The data of the next messages. */
async function take(client: Client, count: number): Promise<readonly unknown[]> {
  const data: unknown[] = [];
  while (data.length < count) {
    data.push((await client.next("message")).data);
  }
  return data;
}

async function storeAll(channel: string, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) {
    await first.store(channel, String(number));
  }
}

/** Resolves when the nodes were told that the way through the stream works. */
function nextTick(node: RunningNode, namespace: string): Promise<void> {
  return new Promise((resolve) => {
    node.backend.subscribe(`${node.prefix}out.${namespace}._tick`, { max: 1, callback: () => resolve() });
  });
}

/** Nothing may follow: a marker is the next that arrives. */
async function expectNothingBefore(client: Client, channel: string): Promise<void> {
  await first.store(channel, '"marker"');
  expect((await client.next("message")).data).toBe("marker");
}

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a subscription with a cursor", () => {
  it("goes on where the client was, on another node, with the same cursors", async () => {
    const channel = newChannel();
    const [before] = await subscribe(first, channel);
    await storeAll(channel, 1, 3);
    const seen: Received[] = [];
    for (let count = 0; count < 3; count += 1) {
      seen.push(await before.next("message"));
    }
    before.terminate();
    await storeAll(channel, 4, 6);
    const [after, answer] = await subscribe(second, channel, { since: seen[1]?.["cursor"] });
    expect(answer).toMatchObject({ type: "subscribed", resumed: true, cursor: expect.any(String) });
    const third = await after.next("message");
    expect(third).toStrictEqual(seen[2]);
    expect(await take(after, 3)).toStrictEqual([4, 5, 6]);
    await expectNothingBefore(after, channel);
    await after.close();
  });

  it("is served from memory where somebody follows the channel, and from the stream where nobody does", async () => {
    const channel = newChannel();
    const [holder, { cursor }] = await subscribe(first, channel);
    await storeAll(channel, 1, 5);
    await take(holder, 5);
    const [fromRing] = await first.counts('tidegate_resumes_total{outcome="ring"}', () =>
      subscribe(first, channel, { since: cursor }),
    );
    const [fromStream] = await second.counts('tidegate_resumes_total{outcome="stream"}', () =>
      subscribe(second, channel, { since: cursor }),
    );
    for (const client of [fromRing, fromStream]) {
      expect(await take(client, 5)).toStrictEqual([1, 2, 3, 4, 5]);
      await client.close();
    }
    await holder.close();
  });

  it("begins at the cursor of subscribed when nothing came after it", async () => {
    const channel = newChannel();
    const [client, { cursor }] = await subscribe(first, channel);
    await client.close();
    await storeAll(channel, 1, 2);
    const [again] = await subscribe(second, channel, { since: cursor });
    expect(await take(again, 2)).toStrictEqual([1, 2]);
    await expectNothingBefore(again, channel);
    await again.close();
  });

  it("resumes a pattern, each channel in order", async () => {
    const base = newChannel();
    const [before, { cursor }] = await subscribe(first, `${base}.*`);
    for (let number = 1; number <= 6; number += 1) {
      await first.store(`${base}.${number % 2 === 0 ? "even" : "odd"}`, String(number));
    }
    await take(before, 6);
    await before.close();
    const [after] = await subscribe(second, `${base}.*`, { since: cursor });
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
    const [client] = await subscribe(first, "room.>");
    const channel = newChannel();
    await storeAll(channel, 1, 2);
    // Several ticks go by.
    await client.next("ping");
    await client.next("ping", 10_000);
    const own = client.frames
      .map((frame) => (frame.kind === "text" ? (JSON.parse(frame.text) as Received) : {}))
      .filter(({ type }) => type === "message");
    expect(own.filter((message) => message.channel?.includes("_tick"))).toStrictEqual([]);
    expect(own.filter((message) => message.channel === channel)).toHaveLength(2);
    await client.close();
  });

  it("replays the last messages of a channel, and no more than there are", async () => {
    const channel = newChannel();
    await storeAll(channel, 1, 5);
    const [some, answer] = await subscribe(first, channel, { replay: 2 });
    expect(answer).toMatchObject({ type: "subscribed" });
    expect(answer).not.toHaveProperty("resumed");
    expect(await take(some, 2)).toStrictEqual([4, 5]);
    const [all] = await subscribe(second, channel, { replay: 100 });
    expect(await take(all, 5)).toStrictEqual([1, 2, 3, 4, 5]);
    await expectNothingBefore(all, channel);
    await some.close();
    await all.close();
  });

  it("is resumed by the address as well, raw or not", async () => {
    const channel = newChannel();
    const [before, { cursor }] = await subscribe(first, channel);
    await storeAll(channel, 1, 3);
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
    const channel = newChannel();
    const [client] = await subscribe(first, channel);
    await storeAll(channel, 1, 3);
    await take(client, 3);
    const { cursor } = await client.next(
      (message) => message.type === "ping" && message["cursor"] !== undefined,
      10_000,
    );
    await client.close();
    await storeAll(channel, 4, 5);
    const [after, answer] = await subscribe(second, channel, { since: cursor });
    expect(answer).toMatchObject({ resumed: true });
    expect(await take(after, 2)).toStrictEqual([4, 5]);
    await after.close();
  });
});

describe("a cursor that cannot be resumed from", () => {
  it("leads to a reset when what is behind it is gone, and the subscription goes on", async () => {
    const channel = newChannel("brief");
    const [before, { cursor }] = await subscribe(first, channel);
    await before.close();
    await storeAll(channel, 1, 10);
    const [client, answer] = await subscribe(second, channel, { since: cursor });
    expect(answer).toMatchObject({ type: "subscribed", resumed: false });
    const reset = await client.next("reset");
    expect(reset).toStrictEqual({ type: "reset", channel, cursor: answer["cursor"], reason: "expired" });
    await storeAll(channel, 11, 11);
    expect(await take(client, 1)).toStrictEqual([11]);
    const [again] = await subscribe(first, channel, { since: reset["cursor"] });
    expect(await take(again, 1)).toStrictEqual([11]);
    await client.close();
    await again.close();
  });

  it.each([
    ["of another epoch", () => "zzzzzzzz-5", "epoch"],
    ["of other namespaces alone", () => "00000000-5.11111111-5", "epoch"],
    ["beyond the end", (cursor: string) => cursor.replace(/-.*/, "-zzzzzz"), "future"],
  ])("is told by a reset: %s", async (_what, forge, reason) => {
    const channel = newChannel();
    const [client, { cursor }] = await subscribe(first, channel);
    client.send({ type: "unsubscribe", id: 3, channel });
    await client.next("unsubscribed");
    client.send({ type: "subscribe", id: 4, channel, since: forge(String(cursor)) });
    expect(await client.next(({ id }) => id === 4)).toMatchObject({ type: "subscribed", resumed: false });
    expect(await client.next("reset")).toMatchObject({ channel, reason });
    await expectNothingBefore(client, channel);
    await client.close();
  });

  it("is refused when it is none, cut or garbled", async () => {
    const channel = newChannel();
    const [client, { cursor }] = await subscribe(first, channel);
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
    const mine = newChannel();
    const theirs = newChannel();
    const [client, { cursor }] = await subscribe(first, mine);
    await storeAll(theirs, 1, 3);
    await storeAll(mine, 4, 4);
    await client.close();
    const [again] = await subscribe(second, mine, { since: cursor });
    expect(await take(again, 1)).toStrictEqual([4]);
    again.send({ type: "subscribe", id: 9, channel: "secret.a", since: cursor });
    expect(await again.next(({ id }) => id === 9)).toMatchObject({ code: "forbidden" });
    await expectNothingBefore(again, mine);
    await again.close();
  });

  it("closes a raw connection for good, with the reason", async () => {
    const query = `channels=${newChannel()}&since=zzzzzzzz-5&access_token=${token}&format=raw`;
    const raw = await first.open({ query });
    expect(await raw.closed).toMatchObject({ code: 4509, reason: expect.stringContaining("epoch") });
  });

  it("is told in the midst of a subscription when the stream is made anew", async () => {
    const prefix = "renewed";
    await using node = await startNode({ ...SETTINGS, subjects: { prefix } }, server.url);
    const [client, { cursor }] = await subscribe(node, "room.a");
    await node.store("room.a", "1");
    expect(await take(client, 1)).toStrictEqual([1]);
    // From the first tick on the node knows the new stream by its smaller sequences; before, by the next sweep.
    await nextTick(node, "room");
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

describe("publishing to a replayable channel", () => {
  it("is answered with the cursor that the message has for everybody", async () => {
    const channel = newChannel();
    const [client] = await subscribe(first, channel);
    const [other] = await subscribe(second, channel);
    client.send({ type: "publish", id: 3, channel, event: "said", data: { n: 1 } });
    const ok = await client.next("ok");
    expect(ok).toStrictEqual({ type: "ok", id: 3, cursor: expect.any(String) });
    const expected = { channel, event: "said", data: { n: 1 }, cursor: ok["cursor"], from: { user: "ada" } };
    const message = await client.next("message");
    expect(message).toMatchObject(expected);
    expect(await other.next("message")).toStrictEqual(message);
    await client.close();
    await other.close();
  });

  it("stores once what comes twice with a key of one user, on whatever node, and nobody else's", async () => {
    const channel = newChannel();
    const [client] = await subscribe(first, channel);
    const elsewhere = await second.connect({ token });
    const bob = await second.connect({ token: otherToken });
    const publish = (publisher: Client, id: number, data: number): Promise<Received> => {
      publisher.send({ type: "publish", id, channel, data, key: "order-17" });
      return publisher.next(({ id: answered }) => answered === id);
    };
    const stored = await publish(client, 3, 1);
    expect(await publish(elsewhere, 3, 2)).toStrictEqual({ ...stored, duplicate: true });
    const others = await publish(bob, 3, 3);
    expect(others).not.toHaveProperty("duplicate");
    expect(others["cursor"]).not.toBe(stored["cursor"]);
    expect(await take(client, 2)).toStrictEqual([1, 3]);
    await expectNothingBefore(client, channel);
    for (const one of [client, elsewhere, bob]) {
      await one.close();
    }
  });

  it("keeps the order of a client that does not wait", async () => {
    const channel = newChannel();
    const [client] = await subscribe(first, channel);
    for (const number of numbers(1, 50)) {
      client.send({ type: "publish", id: 10 + number, channel, data: number });
    }
    expect(await take(client, 50)).toStrictEqual(numbers(1, 50));
    await client.close();
  });
});

describe("history", () => {
  it("is read back to its beginning, and forward to where a subscription goes on, without a gap", async () => {
    const channel = newChannel();
    await storeAll(channel, 1, 25);
    const client = await first.connect({ token });
    let id = 1;
    const read = async (extra: object): Promise<Received & { messages: readonly Received[] }> => {
      id += 1;
      const asked = id;
      client.send({ type: "history", id: asked, channel, limit: 10, ...extra });
      return (await client.next((message) => message.id === asked)) as Received & {
        messages: readonly Received[];
      };
    };
    let page = await read({});
    expect(page).toMatchObject({ type: "page", channel, more: true });
    const back = [...page.messages];
    while (page["more"] === true) {
      page = await read({ before: page["older"] });
      back.unshift(...page.messages);
    }
    expect(back.map(({ data }) => data)).toStrictEqual(numbers(1, 25));
    page = await read({ after: back[4]?.["cursor"] });
    const forth = [...page.messages];
    while (page["more"] === true) {
      page = await read({ after: page["newer"] });
      forth.push(...page.messages);
    }
    expect(forth).toStrictEqual(back.slice(5));
    await storeAll(channel, 26, 27);
    const [live] = await subscribe(second, channel, { since: page["newer"] });
    expect(await take(live, 2)).toStrictEqual([26, 27]);
    await expectNothingBefore(live, channel);
    await client.close();
    await live.close();
  });

  it("takes cursors that are no place in it for none, and says so", async () => {
    const channel = newChannel();
    await storeAll(channel, 1, 3);
    const client = await first.connect({ token });
    const ask = async (id: number, extra: object): Promise<Received> => {
      client.send({ type: "history", id, channel, limit: 2, ...extra });
      return client.next((message) => message.id === id);
    };
    const data = ({ messages }: Received): unknown =>
      (messages as readonly Received[]).map((message) => message.data);
    const newest = await ask(2, {});
    const beyond = String(newest["newer"]).replace(/-.*/, "-zzzzzz");
    for (const [id, cursor, reset] of [
      [3, "zzzzzzzz-1", "epoch"],
      [5, beyond, "future"],
    ] as const) {
      const before = await ask(id, { before: cursor });
      expect([data(before), before["reset"]]).toStrictEqual([[2, 3], reset]);
      const after = await ask(id + 1, { after: cursor });
      expect([data(after), after["reset"]]).toStrictEqual([[1, 2], reset]);
    }
    expect(await ask(7, { before: "zzzzzzzz" })).toMatchObject({ code: "cursor_invalid" });
    await client.close();
  });
});

describe("trouble", () => {
  it("costs no message of a replayable channel when NATS is restarted, and is not told", async () => {
    await using own = await startNats({ own: true });
    await using node = await startNode({ ...SETTINGS, nats: { lingerMs: "50ms" } }, own.url);
    const channel = newChannel();
    const [client] = await subscribe(node, channel);
    await node.store(channel, "1");
    await own.kill();
    await waitUntil(async () => (await node.ready()) === 503);
    client.send({ type: "publish", id: 3, channel, data: 0 });
    expect(await client.next(({ id }) => id === 3)).toMatchObject({
      code: "broker_unavailable",
      retryable: true,
    });
    await own.restart();
    // Perhaps before the node is back: what is stored then has to be found.
    await waitUntil(async () => {
      try {
        await node.store(channel, "2");
        return true;
      } catch {
        return false;
      }
    });
    await waitUntil(async () => (await node.ready()) === 200, { timeoutMs: 10_000 });
    await node.store(channel, "3");
    expect(await take(client, 3)).toStrictEqual([1, 2, 3]);
    expect(client.pending.filter(({ code }) => code === "messages_missed")).toStrictEqual([]);
    await client.close();
  });

  it("ends a connection that reads too slowly, which then resumes without a loss", async () => {
    const prefix = "slow";
    const limits = { outboxBytes: "64KiB", laggingMs: "60s" };
    await using node = await startNode({ ...SETTINGS, subjects: { prefix }, limits }, server.url);
    const channel = newChannel();
    const [client] = await subscribe(node, channel);
    client.pause();
    const filler = "x".repeat(20_000);
    let stored = 0;
    const closed = 'tidegate_closes_total{code="slow_consumer"}';
    while ((await node.metric(closed)) === 0) {
      stored += 1;
      await node.store(channel, JSON.stringify({ number: stored, filler }));
    }
    client.resume();
    expect((await client.closed).code).toBe(4004);
    const got = client.pending.filter(({ type }) => type === "message");
    const last = got.at(-1);
    expect(got.map(({ data }) => (data as { number: number }).number)).toStrictEqual(numbers(1, got.length));
    const [again, answer] = await subscribe(node, channel, { since: last?.["cursor"] });
    expect(answer).toMatchObject({ resumed: true });
    const rest = await take(again, stored - got.length);
    expect(rest.map((data) => (data as { number: number }).number)).toStrictEqual(
      numbers(got.length + 1, stored),
    );
    expect(await node.metric("tidegate_messages_missed_total")).toBe(0);
    await again.close();
  });

  it("loses nothing and repeats nothing while clients come and go between nodes under steady publishing", async () => {
    const channel = newChannel();
    const LAST = 300;
    const CLIENTS = 8;
    const publishing = (async (): Promise<void> => {
      for (const number of numbers(1, LAST)) {
        await first.store(channel, String(number));
      }
    })();
    const [opening, { cursor: start }] = await subscribe(first, newChannel());
    await opening.close();
    const reader = async (index: number): Promise<readonly unknown[]> => {
      const seen: unknown[] = [];
      // Before the first message of the channel.
      let since = String(start).replace(/-.*/, "-0");
      for (let round = 0; seen.at(-1) !== LAST; round += 1) {
        const [client] = await subscribe((round + index) % 2 === 0 ? first : second, channel, { since });
        for (let count = 0; count < 20 + index * 7 && seen.at(-1) !== LAST; count += 1) {
          const message = await client.next("message");
          seen.push(message.data);
          since = String(message["cursor"]);
        }
        client.terminate();
      }
      return seen;
    };
    const all = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => reader(index)));
    await publishing;
    for (const seen of all) {
      expect(seen).toStrictEqual(numbers(1, LAST));
    }
  });
});
