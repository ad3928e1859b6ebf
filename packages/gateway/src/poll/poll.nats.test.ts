import { openRawSocket, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { rawRequest, requestText } from "../../testing/http-client.ts";
import { ReplayNodes } from "../../testing/replay-nodes.ts";
import { type RunningNode, startNode, userToken } from "../../testing/running-node.ts";

const nodes = await ReplayNodes.start();
afterAll(() => nodes[Symbol.asyncDispose]());
const { first, second } = nodes;

interface Answer {
  readonly messages: readonly {
    readonly channel: string;
    readonly data: unknown;
    readonly cursor?: string;
  }[];
  readonly cursor?: string;
  readonly reset?: readonly { readonly channel: string; readonly reason: string }[];
}

function ask(on: RunningNode, query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(on.http(`/v1/poll?${query}`), { headers: { ...nodes.bearer, ...headers } });
}

async function poll(on: RunningNode, query: string): Promise<Answer> {
  const answer = await ask(on, query);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

const dataOf = ({ messages }: Answer): unknown[] => messages.map(({ data }) => data);
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const waiting = 'tidegate_connections{transport="poll"}';

describe("short polling", () => {
  it("begins from now, and goes on from answer to answer on any node", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 2);
    const start = await poll(first, `channels=${channel}&timeout=0`);
    expect(start).toStrictEqual({ messages: [], cursor: expect.any(String) });
    await nodes.storeAll(channel, 3, 5);
    const next = await poll(second, `channels=${channel}&timeout=0&cursor=${start.cursor}`);
    expect(dataOf(next)).toStrictEqual([3, 4, 5]);
    expect(next.messages.at(-1)?.cursor).toBe(next.cursor);
    expect(dataOf(await poll(first, `channels=${channel}&timeout=0&cursor=${next.cursor}`))).toStrictEqual(
      [],
    );
  });

  it("brings the same for the same cursor", async () => {
    const channel = nodes.channel();
    const { cursor } = await poll(first, `channels=${channel}&timeout=0`);
    await nodes.storeAll(channel, 1, 3);
    const query = `channels=${channel}&timeout=0&cursor=${cursor}`;
    const [one, two] = [await poll(first, query), await poll(second, query)];
    expect(one.messages).toStrictEqual(two.messages);
    expect(one.messages).toHaveLength(3);
  });

  it("brings no more than it asks for, and the rest then", async () => {
    const channel = nodes.channel();
    let { cursor } = await poll(first, `channels=${channel}&timeout=0`);
    await nodes.storeAll(channel, 1, 25);
    const batches: number[] = [];
    const received: unknown[] = [];
    while (received.length < 25) {
      const answer = await poll(second, `channels=${channel}&timeout=0&limit=10&cursor=${cursor}`);
      batches.push(answer.messages.length);
      received.push(...dataOf(answer));
      cursor = answer.cursor;
    }
    expect(batches).toStrictEqual([10, 10, 5]);
    expect(received).toStrictEqual(numbers(1, 25));
  });

  it("brings in pages all that a node replays of each channel, and tells who is further behind", async () => {
    const channels = [nodes.channel(), nodes.channel()];
    const query = `channels=${channels.join()}&timeout=0&limit=170`;
    const start = await poll(first, query);
    const store = (from: number, to: number): Promise<unknown> =>
      Promise.all(numbers(from, to).map((number) => first.store(channels[number % 2] ?? "", String(number))));
    for (let number = 1; number <= 2_000; number += 100) {
      await store(number, number + 99);
    }
    const received: unknown[] = [];
    for (let { cursor } = start; received.length < 2_000; ) {
      const answer = await poll(second, `${query}&cursor=${cursor}`);
      expect(answer.reset).toBeUndefined();
      expect(answer.messages.length).toBe(Math.min(170, 2_000 - received.length));
      received.push(...dataOf(answer));
      cursor = answer.cursor;
    }
    expect(received.map(Number).toSorted((one, other) => one - other)).toStrictEqual(numbers(1, 2_000));
    await store(2_001, 2_001);
    const late = await poll(second, `channels=${channels[1]}&timeout=0&cursor=${start.cursor}`);
    expect(late).toMatchObject({ messages: [], reset: [{ channel: channels[1], reason: "too_far" }] });
  });

  it("of a live channel alone has no cursor", async () => {
    expect(await poll(first, `channels=${nodes.channel("talk")}&timeout=0`)).toStrictEqual({ messages: [] });
  });

  it("tells a reset, and goes on behind it", async () => {
    const channel = nodes.channel("brief");
    const { cursor } = await poll(first, `channels=${channel}&timeout=0`);
    await nodes.storeAll(channel, 1, 9);
    const answer = await poll(second, `channels=${channel}&timeout=0&cursor=${cursor}`);
    expect(answer).toMatchObject({ messages: [], reset: [{ channel, reason: "expired" }] });
    await nodes.storeAll(channel, 10, 10);
    const next = await poll(first, `channels=${channel}&timeout=0&cursor=${answer.cursor}`);
    expect(dataOf(next)).toStrictEqual([10]);
  });

  it.each<[string, string, number, string]>([
    ["no channel", "timeout=0", 400, "invalid_field"],
    ["a bad cursor", "channels=room.a&cursor=nonsense", 400, "cursor_invalid"],
    ["a bad timeout", "channels=room.a&timeout=60001", 400, "invalid_field"],
    ["a bad limit", "channels=room.a&limit=0", 400, "invalid_field"],
    ["a limit that is no number", "channels=room.a&limit=1e2", 400, "invalid_field"],
    ["a channel that is not granted", "channels=chat.a", 403, "forbidden"],
  ])("is refused with %s", async (_what, query, status, code) => {
    const answer = await ask(first, query);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it("resets a cursor of another store", async () => {
    const channel = nodes.channel();
    const answer = await poll(first, `channels=${channel}&timeout=0&cursor=zzzzzzzz-1`);
    expect(answer.reset).toStrictEqual([{ channel, reason: "epoch" }]);
  });
});

describe("long polling", () => {
  it("is answered when something comes", async () => {
    const channel = nodes.channel();
    const { cursor } = await poll(first, `channels=${channel}&timeout=0`);
    const answered = poll(second, `channels=${channel}&cursor=${cursor}`);
    await waitUntil(async () => (await second.metric(waiting)) === 1, { message: "the poll to wait" });
    await nodes.storeAll(channel, 1, 1);
    const answer = await answered;
    expect(dataOf(answer)).toStrictEqual([1]);
    expect(await second.metric(waiting)).toBe(0);
  });

  it("is answered after its time when nothing comes", async () => {
    const channel = nodes.channel();
    const answer = await poll(first, `channels=${channel}&timeout=150`);
    expect(answer).toStrictEqual({ messages: [], cursor: expect.any(String) });
  });

  it("brings live messages while it waits", async () => {
    const channel = nodes.channel("talk");
    const answered = poll(first, `channels=${channel}`);
    const client = await first.subscriber([channel], { token: nodes.token });
    first.publish(channel, '"hi"');
    expect(await answered).toMatchObject({ messages: [{ channel, data: "hi" }] });
    await client.close();
  });

  it("loses nothing and repeats nothing, from node to node, over several channels and namespaces", async () => {
    const channels = [nodes.channel("room"), nodes.channel("room"), nodes.channel("hall")];
    const count = 400;
    let { cursor } = await poll(first, `channels=${channels.join()}&timeout=0`);
    const publishing = (async () => {
      for (let number = 1; number <= count; number += 1) {
        await first.store(channels[number % 3] ?? "", String(number));
      }
    })();
    const received: number[] = [];
    let polls = 0;
    while (received.length < count) {
      polls += 1;
      const on = polls % 2 === 0 ? first : second;
      const limit = 1 + ((polls * 7) % 23);
      const answer = await poll(
        on,
        `channels=${channels.join()}&timeout=5000&limit=${limit}&cursor=${cursor}`,
      );
      expect(answer.messages.length).toBeLessThanOrEqual(limit);
      expect(answer.messages.length).toBeGreaterThan(0);
      expect(answer.reset).toBeUndefined();
      received.push(...answer.messages.map(({ data }) => Number(data)));
      cursor = answer.cursor;
    }
    await publishing;
    expect(received.toSorted((a, b) => a - b)).toStrictEqual(numbers(1, count));
    for (const index of channels.keys()) {
      const own = received.filter((number) => number % 3 === index);
      expect(own).toStrictEqual(own.toSorted((a, b) => a - b));
    }
  });

  it("that is given up leaves nothing behind", async () => {
    const before = await first.metric("tidegate_channels");
    const socket = await openRawSocket(first.gateway.port);
    const query = `channels=${nodes.channel()},${nodes.channel("hall")},${nodes.channel("talk")}`;
    await socket.write(requestText(`/v1/poll?${query}`, { headers: nodes.bearer }));
    await waitUntil(async () => (await first.metric("tidegate_channels")) === before + 3, {
      message: "the poll to wait",
    });
    expect(await first.metric(waiting)).toBe(1);
    socket.reset();
    await waitUntil(async () => (await first.metric("tidegate_channels")) === before, {
      message: "the channels to be given up",
    });
    expect(await first.metric(waiting)).toBe(0);
    expect(await first.metric("tidegate_subscriptions")).toBe(0);
  });

  it("ends with its token", async () => {
    const token = await userToken({ grants: { subscribe: ["room.>"] }, expiresInSeconds: 2 });
    const answer = await fetch(first.http(`/v1/poll?channels=${nodes.channel()}&access_token=${token}`));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toStrictEqual({ messages: [], cursor: expect.any(String) });
  });

  it("is answered with what there is by a node that leaves", async () => {
    await using leaving = await startNode({ drain: { windowMs: "50ms" } });
    const token = await userToken();
    const request = { headers: { authorization: `Bearer ${token}` } };
    const answered = fetch(leaving.http("/v1/poll?channels=chat.a"), request);
    await waitUntil(async () => (await leaving.metric(waiting)) === 1, { message: "the poll to wait" });
    // Answered as soon as NATS has the channel: before that a poll has nothing to say where it stands.
    await fetch(leaving.http("/v1/poll?channels=chat.a&timeout=0"), request);
    await leaving.gateway.drain(AbortSignal.timeout(5_000));
    const answer = await answered;
    expect(answer.headers.get("connection")).toBe("close");
    expect(await answer.json()).toStrictEqual({ messages: [] });
  });
});

describe("the tag of an answer", () => {
  it("says whether there is anything new", async () => {
    const channel = nodes.channel();
    const { cursor } = await poll(first, `channels=${channel}&timeout=0`);
    const query = `channels=${channel}&timeout=0&cursor=${cursor}`;
    const empty = await ask(first, query);
    expect(Object.fromEntries(empty.headers)).toMatchObject({
      "cache-control": "private, no-cache",
      vary: "Authorization, Origin",
    });
    const tag = empty.headers.get("etag") ?? "";
    const same = await ask(second, query, { "if-none-match": `"other", ${tag}` });
    expect(same.status).toBe(304);
    expect(same.headers.get("etag")).toBe(tag);
    expect(await same.text()).toBe("");
    await nodes.storeAll(channel, 1, 1);
    const news = await ask(second, query, { "if-none-match": tag });
    expect(news.status).toBe(200);
    expect(news.headers.get("etag")).not.toBe(tag);
    const again = await ask(first, query, { "if-none-match": news.headers.get("etag") ?? "" });
    expect(again.status).toBe(304);
  });

  it("without a cursor says where now is", async () => {
    const channel = nodes.channel();
    const query = `channels=${channel}&timeout=0`;
    const before = await ask(first, query);
    await before.text();
    await nodes.storeAll(channel, 1, 1);
    const after = await ask(first, query, { "if-none-match": before.headers.get("etag") ?? "" });
    expect(after.status).toBe(200);
  });

  it("goes with HEAD, too, which never waits", async () => {
    const answer = await rawRequest(first.gateway.port, `/v1/poll?channels=${nodes.channel()}`, {
      method: "HEAD",
      headers: nodes.bearer,
    });
    expect(answer).toMatchObject({ status: 200, headers: { etag: expect.stringMatching(/^W\/"/) } });
  });
});
