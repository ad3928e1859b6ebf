import { startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { numbers, ReplayClients, take } from "../testing/replay-clients.ts";
import { REPLAY_GRANTS, ReplayNodes } from "../testing/replay-nodes.ts";
import { type Client, type Received, startNode, userToken } from "../testing/running-node.ts";

const nodes = await ReplayNodes.start();
afterAll(() => nodes[Symbol.asyncDispose]());
const clients = new ReplayClients(nodes);
const { first, second, token } = nodes;
const ROOM = { room: { publish: "direct", history: { replicas: 1 } } };
const otherToken = await userToken({ sub: "bob", grants: REPLAY_GRANTS });

describe("publishing to a replayable channel", () => {
  it("is answered with the cursor that the message has for everybody", async () => {
    const channel = nodes.channel();
    const [client] = await clients.subscribe(first, channel);
    const [other] = await clients.subscribe(second, channel);
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
    const channel = nodes.channel();
    const [client] = await clients.subscribe(first, channel);
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
    await clients.expectNothingBefore(client, channel);
    for (const one of [client, elsewhere, bob]) {
      await one.close();
    }
  });

  it("keeps the order of a client that does not wait", async () => {
    const channel = nodes.channel();
    const [client] = await clients.subscribe(first, channel);
    for (const number of numbers(1, 50)) {
      client.send({ type: "publish", id: 10 + number, channel, data: number });
    }
    expect(await take(client, 50)).toStrictEqual(numbers(1, 50));
    await client.close();
  });
});

describe("history", () => {
  it("is read back to its beginning, and forward to where a subscription goes on, without a gap", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 25);
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
    await nodes.storeAll(channel, 26, 27);
    const [live] = await clients.subscribe(second, channel, { since: page["newer"] });
    expect(await take(live, 2)).toStrictEqual([26, 27]);
    await clients.expectNothingBefore(live, channel);
    await client.close();
    await live.close();
  });

  it("takes cursors that are no place in it for none, and says so", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 3);
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
    await using node = await startNode({ namespaces: ROOM }, own.url);
    const channel = nodes.channel();
    const [client] = await clients.subscribe(node, channel);
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
    await node.storeInTrouble(channel, "2");
    await waitUntil(async () => (await node.ready()) === 200);
    await node.store(channel, "3");
    expect(await take(client, 3)).toStrictEqual([1, 2, 3]);
    expect(client.pending.filter(({ code }) => code === "messages_missed")).toStrictEqual([]);
    await client.close();
  });

  it("ends a connection that reads nothing for too long, which then resumes without a loss", async () => {
    const limits = { outboxBytes: "64KiB", laggingMs: "500ms", replayBytes: "64MiB" };
    await using node = await startNode({ namespaces: ROOM, limits });
    const channel = nodes.channel();
    const [client] = await clients.subscribe(node, channel);
    client.pause();
    const filler = "x".repeat(20_000);
    let stored = 0;
    const closed = 'tidegate_closes_total{code="slow_consumer"}';
    while ((await node.metric("tidegate_lags_total")) === 0) {
      stored += 1;
      await node.store(channel, JSON.stringify({ number: stored, filler }));
    }
    for (const last = stored + 10; stored < last; ) {
      stored += 1;
      await node.store(channel, JSON.stringify({ number: stored, filler }));
    }
    await waitUntil(async () => (await node.metric(closed)) === 1);
    client.resume();
    expect((await client.closed).code).toBe(4004);
    const got = client.pending.filter(({ type }) => type === "message");
    const last = got.at(-1);
    expect(got.map(({ data }) => (data as { number: number }).number)).toStrictEqual(numbers(1, got.length));
    const [again, answer] = await clients.subscribe(node, channel, { since: last?.["cursor"] });
    expect(answer).toMatchObject({ resumed: true });
    const rest = await take(again, stored - got.length);
    expect(rest.map((data) => (data as { number: number }).number)).toStrictEqual(
      numbers(got.length + 1, stored),
    );
    expect(await node.metric("tidegate_messages_missed_total")).toBe(0);
    await again.close();
  });

  it("loses nothing and repeats nothing while clients come and go between nodes under steady publishing", async () => {
    const channel = nodes.channel();
    const LAST = 300;
    const CLIENTS = 8;
    const publishing = (async (): Promise<void> => {
      for (const number of numbers(1, LAST)) {
        await first.store(channel, String(number));
      }
    })();
    const [opening, { cursor: start }] = await clients.subscribe(first, nodes.channel());
    await opening.close();
    const reader = async (index: number): Promise<readonly unknown[]> => {
      const seen: unknown[] = [];
      // Before the first message of the channel.
      let since = String(start).replace(/-.*/, "-0");
      for (let round = 0; seen.at(-1) !== LAST; round += 1) {
        const [client] = await clients.subscribe((round + index) % 2 === 0 ? first : second, channel, {
          since,
        });
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
