import { openRawSocket, plainNatsHeaders, startNats, waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { flood } from "../../testing/flood.ts";
import { rawRequest, requestText, StallingEventStream, TestEventStream } from "../../testing/http-client.ts";
import { type RunningNode, startNode, userToken } from "../../testing/running-node.ts";

const node = await startNode({ http: { reconnectMs: "2s" } });
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken();
const BEARER = { authorization: `Bearer ${token}` };

function open(
  query: string,
  on: RunningNode = node,
  headers: Record<string, string> = BEARER,
): Promise<TestEventStream> {
  return TestEventStream.open(on.http(`/v1/sse?${query}`), headers);
}

/** A stream whose subscriptions stand: a WebSocket of the same node is told when they do. */
async function subscribed(query: string, on: RunningNode = node): Promise<TestEventStream> {
  const stream = await open(query, on);
  await stand(on, query);
  return stream;
}

async function stand(on: RunningNode, query: string): Promise<void> {
  const channels = new URLSearchParams(query).get("channels")?.split(",") ?? [];
  const client = await on.subscriber(channels);
  await client.close();
}

async function stalling(on: RunningNode, query: string): Promise<StallingEventStream> {
  const stream = await StallingEventStream.open(on.gateway.port, `/v1/sse?${query}`, BEARER);
  await stand(on, query);
  stream.pause();
  return stream;
}

describe("an event stream", () => {
  it("begins at once, with when to come back, and is not to be buffered or kept", async () => {
    await using stream = await open("channels=chat.quiet");
    expect(stream.status).toBe(200);
    expect(Object.fromEntries(stream.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-request-id": expect.stringMatching(/./),
    });
    await waitUntil(() => stream.parser.retryMs !== undefined, { message: "the first bytes" });
    expect(stream.parser.retryMs).toBeGreaterThanOrEqual(1_000);
    expect(stream.parser.retryMs).toBeLessThanOrEqual(3_000);
    expect(stream.parser.lastEventId).toBe("");
  });

  it("brings payloads as they are, under the names of their events", async () => {
    await using stream = await subscribed("channels=chat.a");
    node.publish("chat.a", "one\r\ntwo\rthree");
    node.publish("chat.a", '{"n": 9007199254740993}', {
      headers: plainNatsHeaders({ "Tidegate-Event": "said" }),
    });
    node.publish("chat.a", Buffer.from([0xff]));
    node.publish("chat.a", "");
    expect(await stream.take(4)).toStrictEqual([
      { type: "message", data: "one\ntwo\nthree", lastEventId: "" },
      { type: "said", data: '{"n": 9007199254740993}', lastEventId: "" },
      { type: "message", data: "/w==", lastEventId: "" },
      { type: "message", data: "", lastEventId: "" },
    ]);
    expect(stream.parser.comments).toContain("base64");
  });

  it("brings whole messages to who asks for them", async () => {
    await using stream = await subscribed("channels=chat.b,chat.*&format=json");
    await using client = await node.connect();
    client.send({ type: "publish", id: 2, channel: "chat.b", event: "said", data: { x: 1 } });
    const [first, second] = await stream.take(2);
    expect([first?.type, second?.type]).toStrictEqual(["said", "said"]);
    expect(JSON.parse(first?.data ?? "")).toStrictEqual({
      channel: "chat.b",
      event: "said",
      from: { user: "ada", connection: expect.any(String) },
      time: expect.any(Number),
      data: { x: 1 },
    });
  });

  it("tells what was published in one turn in one chunk, in order", async () => {
    await using stream = await subscribed("channels=chat.c");
    for (let index = 0; index < 500; index += 1) {
      node.publish("chat.c", String(index));
    }
    expect((await stream.take(500)).map(({ data }) => Number(data))).toStrictEqual(
      Array.from({ length: 500 }, (_, index) => index),
    );
  });

  it("of open channels needs no token", async () => {
    await using stream = await open("channels=news.a", node, {});
    expect(stream.status).toBe(200);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ["no channel", "", BEARER, 400],
    ["a bad channel", "channels=chat..a", BEARER, 400],
    ["an unknown format", "channels=chat.a&format=xml", BEARER, 400],
    [
      "too many channels",
      `channels=${Array.from({ length: 129 }, (_, index) => `chat.${index}`).join()}`,
      BEARER,
      400,
    ],
    ["no token", "channels=chat.a", {}, 401],
    ["a bad token", "channels=chat.a&access_token=x", {}, 401],
    ["a channel that is not granted", "channels=chat.a,news.a,user.bob.a", BEARER, 403],
    ["a namespace that is not there", "channels=void.a", BEARER, 403],
    ["the internals of a namespace", "channels=chat._tick", BEARER, 403],
    ["another page's origin", "channels=chat.a", { ...BEARER, origin: "https://evil.example" }, 403],
  ])("is refused for good with %s", async (_what, query, headers, status) => {
    await using stream = await open(query, node, headers);
    expect(stream.status).toBe(status);
    expect(stream.headers.get("content-type")).toBe("application/problem+json");
  });

  it("has nothing but a head for HEAD", async () => {
    const answer = await rawRequest(node.gateway.port, "/v1/sse?channels=chat.a", {
      method: "HEAD",
      headers: BEARER,
    });
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream" } });
    await waitUntil(async () => (await node.metric('tidegate_connections{transport="sse"}')) === 0, {
      message: "nobody to be counted",
    });
  });

  it("leaves nothing behind when its client goes", async () => {
    const stream = await subscribed("channels=chat.gone,chat.gone2");
    expect(await node.metric('tidegate_connections{transport="sse"}')).toBe(1);
    expect(await node.metric("tidegate_subscriptions")).toBe(2);
    await node.counts('tidegate_closes_total{code="client"}', () => stream.close());
    expect(await node.metric('tidegate_connections{transport="sse"}')).toBe(0);
    expect(await node.metric("tidegate_subscriptions")).toBe(0);
    await waitUntil(async () => (await node.metric("tidegate_nats_subscriptions")) === 0, {
      message: "NATS subscriptions to be given up",
    });
  });

  it("ends when its client sends something, as HTTP does not allow", async () => {
    await using socket = await openRawSocket(node.gateway.port);
    await socket.write(requestText("/v1/sse?channels=chat.rude", { headers: BEARER }));
    await socket.readResponseHead();
    await node.counts('tidegate_closes_total{code="client"}', () => socket.write(requestText("/v1/nothing")));
  });

  it("ends with its token", async () => {
    const short = await userToken({ expiresInSeconds: 2 });
    await using stream = await open("channels=chat.a", node, { authorization: `Bearer ${short}` });
    expect(await stream.ended()).toBe("ended");
    expect(stream.events).toStrictEqual([
      {
        type: "tidegate.end",
        data: expect.stringContaining('"code":"token_expired"'),
        lastEventId: "",
      },
    ]);
  });
});

describe("a quiet event stream", () => {
  it("shows that it is alive", async () => {
    await using brisk = await startNode({ ping: { intervalMs: "1s", pongTimeoutMs: "500ms" } });
    await using stream = await open("channels=chat.a", brisk);
    await waitUntil(() => stream.parser.comments.length >= 3, { message: "three signs of life" });
    expect(stream.events).toStrictEqual([]);
  });
});

describe("whoever cannot be served now", () => {
  async function isSentBack(on: RunningNode, least: number, most: number): Promise<void> {
    await using stream = await open("channels=chat.a", on);
    expect(stream.status).toBe(200);
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(await stream.ended()).toBe("ended");
    expect(stream.events).toStrictEqual([]);
    expect(stream.parser.retryMs).toBeGreaterThanOrEqual(least);
    expect(stream.parser.retryMs).toBeLessThanOrEqual(most);
  }

  it("is sent back by a full node", async () => {
    await using full = await startNode({ limits: { connections: 1 } });
    await using _client = await full.connect();
    await isSentBack(full, 2_500, 5_500);
  });

  it("is sent back by a node that knows it too well", async () => {
    await using strict = await startNode({
      http: { requestsPerSecond: 1, requestBurst: 1, reconnectMs: "1s" },
    });
    await using first = await open("channels=chat.a", strict);
    expect(first.status).toBe(200);
    await isSentBack(strict, 500, 10_000);
  });

  it("is sent back while NATS is out of reach, and who is there is told what that may mean", async () => {
    const server = await startNats({ own: true });
    try {
      await using cut = await startNode({}, server.url);
      await using stream = await subscribed("channels=chat.a", cut);
      await server.kill();
      await waitUntil(async () => (await cut.ready()) === 503, { message: "the node to be unready" });
      await isSentBack(cut, 1_500, 4_500);
      await server.restart();
      expect(await stream.take(1, 10_000)).toStrictEqual([
        { type: "tidegate.missed", data: "{}", lastEventId: "" },
      ]);
      await waitUntil(
        () => {
          cut.publish("chat.a", "again");
          return stream.events.length > 1;
        },
        { message: "messages to come again" },
      );
    } finally {
      await server.stop();
    }
  });
});

describe("a node that leaves", () => {
  it("sends its streams away one after the other, and newcomers at once", async () => {
    await using leaving = await startNode({ drain: { windowMs: "1s", reconnectMs: "700ms" } });
    const streams = await Promise.all(Array.from({ length: 20 }, () => open("channels=chat.a", leaving)));
    await waitUntil(async () => (await leaving.metric('tidegate_connections{transport="sse"}')) === 20, {
      message: "all streams to be open",
    });
    const kept = await openRawSocket(leaving.gateway.port);
    const drained = leaving.gateway.drain(AbortSignal.timeout(10_000));
    await waitUntil(() => streams.some(({ end }) => end === "ended"), {
      message: "the first to be sent away",
    });
    expect(streams.some(({ end }) => end === "open")).toBe(true);
    await kept.write(requestText("/v1/sse?channels=chat.a", { headers: BEARER }));
    expect(await kept.readResponseHead()).toMatchObject({ status: 200 });
    for (const stream of streams) {
      expect(await stream.ended()).toBe("ended");
      expect(stream.events).toMatchObject([
        { type: "tidegate.end", data: expect.stringContaining('"draining"') },
      ]);
      expect(stream.parser.retryMs).toBeLessThanOrEqual(700);
    }
    await drained;
    await kept.close();
  });
});

describe("a client that reads too slowly", () => {
  it("misses messages of live channels, and is told how many", async () => {
    await using slow = await startNode({ limits: { outboxBytes: "64KiB", laggingMs: "30s" } });
    await using stream = await stalling(slow, "channels=chat.slow");
    await flood(slow, "chat.slow", 600);
    await waitUntil(async () => (await slow.metric("tidegate_messages_missed_total")) > 0, {
      message: "messages to be missed",
    });
    stream.resume();
    await waitUntil(() => stream.events.some(({ type }) => type === "tidegate.missed"), {
      message: "the notice",
    });
    slow.publish("chat.slow", "600");
    await waitUntil(() => stream.events.at(-1)?.data === "600", { message: "what follows" });
    const notices = stream.events.filter(({ type }) => type === "tidegate.missed");
    const missed = notices.map(({ data }) => (JSON.parse(data) as { missed: number }).missed);
    const numbers = stream.events
      .filter(({ type }) => type === "message")
      .map(({ data }) => Number.parseInt(data, 10));
    expect(numbers).toStrictEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.length + missed.reduce((sum, count) => sum + count, 0)).toBe(601);
  });

  it("misses nothing as long as what waits for it is within the limit", async () => {
    await using slow = await startNode({ limits: { outboxBytes: "16MiB", laggingMs: "30s" } });
    await using stream = await stalling(slow, "channels=chat.slow");
    await flood(slow, "chat.slow", 350);
    stream.resume();
    await waitUntil(() => stream.events.length === 350, { message: "all messages" });
    expect(stream.events.map(({ data }) => Number.parseInt(data, 10))).toStrictEqual(
      Array.from({ length: 350 }, (_, index) => index),
    );
  });
});
