import { plainNatsHeaders } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { bytes, openBroker, ownServer, plainClient } from "../../testing/open-broker.ts";
import { HISTORY, jetStream, makeStream, put } from "../../testing/stream.ts";

const histories = new Map([["chat", HISTORY]]);

async function setUp(overrides: object = {}) {
  const server = await ownServer();
  const client = await plainClient(server.url);
  await makeStream(client, "chat", {}, { ...overrides });
  return { server, client, ...(await openBroker(server.url, { histories, storeTimeoutMs: 2_000 })) };
}

describe("storing a message", () => {
  it("tells its position, and everybody gets it with what was said about it", async () => {
    const { client, broker } = await setUp();
    const live = new Promise<unknown>((resolve) => {
      client.subscribe("rtout.chat.a", {
        callback: (_error, { headers, data }) =>
          resolve([
            headers?.last("Tidegate-Event"),
            headers?.last("Tidegate-User"),
            Buffer.from(data).toString(),
          ]),
      });
    });
    await client.flush();
    const identity = { user: "ada", connection: "n1-1", claims: undefined };
    const outcome = await broker.store("chat.a", bytes("hi"), { event: "said", identity });
    const epoch = await broker.epochOf("chat");
    expect(outcome).toStrictEqual({ kind: "stored", position: { epoch, sequence: 1 }, duplicate: false });
    expect(await live).toStrictEqual(["said", "ada", "hi"]);
    expect(await broker.history("chat.a", { limit: 5 })).toMatchObject({
      messages: [{ event: "said", publisher: { user: "ada", connection: "n1-1" } }],
      newer: { epoch, sequence: 1 },
    });
    // The headers of a connection are built once.
    expect(await broker.store("chat.a", bytes("hi"), { event: "said", identity })).toMatchObject({
      position: { sequence: 2 },
    });
  });

  it("twice with one key stores it once, and tells where it is", async () => {
    const { broker } = await setUp();
    const first = await broker.store("chat.a", bytes("one"), { key: "k1" });
    await broker.store("chat.a", bytes("two"), { key: "k2" });
    const again = await broker.store("chat.a", bytes("one again"), { key: "k1" });
    expect(again).toStrictEqual({ ...first, duplicate: true });
    expect(await broker.history("chat.a", { limit: 5 })).toMatchObject({ messages: [{}, {}], more: false });
  });

  it("keeps the channel of one token", async () => {
    const { broker } = await setUp();
    expect(await broker.store("chat", bytes("root"), {})).toMatchObject({ kind: "stored" });
    expect(await broker.history("chat", { limit: 5 })).toMatchObject({ messages: [{ channel: "chat" }] });
  });

  it("says that the stream is missing, and works as soon as it is there", async () => {
    const server = await ownServer();
    const client = await plainClient(server.url);
    const { broker } = await openBroker(server.url, { histories });
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("no stream rt_chat"),
    });
    expect(await broker.history("chat.a", { limit: 5 })).toMatchObject({
      kind: "failed",
      error: { code: "stream_missing" },
    });
    await makeStream(client, "chat");
    await expect.poll(() => broker.store("chat.a", bytes("x"), {})).toMatchObject({ kind: "stored" });
    await jetStream(client, "STREAM.DELETE.rt_chat");
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({ kind: "unavailable" });
    await expect.poll(() => broker.streams.get("chat")).toStrictEqual({ kind: "missing" });
  });

  it("is refused where subscribers would not get it", async () => {
    const { broker } = await setUp({ republish: undefined });
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("republish is not set"),
    });
  });

  it("takes no other answer for the stream's", async () => {
    const { client, broker } = await setUp();
    await broker.epochOf("chat");
    await jetStream(client, "STREAM.DELETE.rt_chat");
    client.subscribe("rt.chat.>", {
      callback: (_error, message) => void message.respond('{"stream":"rt_other","seq":7}'),
    });
    client.subscribe("rt.chat", { callback: (_error, message) => void message.respond("thanks") });
    await client.flush();
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({ kind: "unavailable" });
    expect(await broker.store("chat", bytes("x"), {})).toMatchObject({ kind: expect.stringMatching(/un/) });
  });

  it("is unconfirmed when the answer does not come, and unavailable without a link", async () => {
    const { server, broker, states } = await setUp();
    await broker.epochOf("chat");
    await server.pause();
    const timely = broker.store("chat.a", bytes("x"), { timeoutMs: 50 });
    expect(await timely).toStrictEqual({ kind: "unconfirmed" });
    const broken = broker.store("chat.a", bytes("x"), {});
    await server.kill();
    expect(await broken).toStrictEqual({ kind: "unconfirmed" });
    await states.match((state) => state === "disconnected");
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({ kind: "unavailable" });
  });

  it("has its limits", async () => {
    const { broker } = await setUp({ max_msg_size: 100 });
    expect(await broker.store("chat.a", bytes("x".repeat(broker.maxPayload + 1)), {})).toStrictEqual({
      kind: "too_large",
    });
    expect(await broker.store("chat.a", bytes("x".repeat(200)), {})).toStrictEqual({ kind: "too_large" });
  });

  it("in a namespace without history is misuse", async () => {
    const { broker } = await setUp();
    expect(() => broker.store("ticker.a", bytes("x"), {})).toThrow(TypeError);
    expect(() => broker.history("ticker.a", { limit: 1 })).toThrow(TypeError);
    await expect(broker.epochOf("ticker")).rejects.toThrow(TypeError);
  });
});

describe("a stream made anew", () => {
  it("has its own epoch, which positions carry as soon as a sequence comes again", async () => {
    const { client, broker } = await setUp();
    const before = await broker.epochOf("chat");
    for (let count = 0; count < 3; count++) await broker.store("chat.a", bytes("x"), {});
    await jetStream(client, "STREAM.DELETE.rt_chat");
    await makeStream(client, "chat");
    await broker.store("chat.a", bytes("x"), {});
    await expect.poll(() => broker.epochOf("chat")).not.toBe(before);
    const outcome = await broker.store("chat.a", bytes("x"), {});
    expect(outcome).toMatchObject({ position: { epoch: await broker.epochOf("chat"), sequence: 2 } });
  });
});

describe("history over NATS", () => {
  it("pages both ways", async () => {
    const { client, broker } = await setUp();
    for (let count = 1; count <= 300; count++) {
      await put(client, count % 3 === 0 ? "chat.a" : `chat.b${count % 2}`, "x", {
        headers: plainNatsHeaders({ "Tidegate-Event": String(count) }),
      });
    }
    const all = Array.from({ length: 100 }, (_, index) => (index + 1) * 3);
    const back: number[] = [];
    for (let before: number | undefined; ; before = back[0]) {
      const page = await broker.history("chat.a", { before, limit: 17 });
      if (page.kind !== "page") throw page.error;
      back.unshift(...page.messages.map(({ event }) => Number(event)));
      if (!page.more) break;
    }
    expect(back).toStrictEqual(all);
    const forth: number[] = [];
    for (let after = 0; ; ) {
      const page = await broker.history("chat.a", { after, limit: 17 });
      if (page.kind !== "page") throw page.error;
      expect(page.reset).toBeUndefined();
      forth.push(...page.messages.map(({ event }) => Number(event)));
      after = page.newer.sequence;
      if (!page.more) break;
    }
    expect(forth).toStrictEqual(all);
  });

  it("reads messages of any size, one by one if need be", async () => {
    const { client, broker } = await setUp();
    const big = "x".repeat(600_000);
    for (let count = 0; count < 4; count++) await put(client, "chat.a", big);
    const forth = await broker.history("chat.a", { after: 1, limit: 10 });
    expect(forth).toMatchObject({ messages: [{ sequence: 2 }], more: true, reset: undefined });
    const back = await broker.history("chat.a", { limit: 10 });
    expect(back).toMatchObject({ messages: [{ sequence: 4 }], more: true });
    const two = await broker.history("chat.a", { limit: 10, maxBytes: 1_300_000 });
    expect(two).toMatchObject({ messages: [{ sequence: 3 }, { sequence: 4 }], more: true });
  });
});
