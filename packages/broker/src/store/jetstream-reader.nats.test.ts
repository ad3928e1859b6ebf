import { plainNatsHeaders } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { ownServer, plainClient } from "../../testing/open-broker.ts";
import { openReader } from "../../testing/open-reader.ts";
import { type HISTORY, jetStream, makeStream, put } from "../../testing/stream.ts";
import { timeOf } from "./read-stored-message.ts";
import type { StoredMessage } from "./stored-message.ts";

const text = ({ payload }: StoredMessage) => Buffer.from(payload).toString();
const sequences = (messages: readonly StoredMessage[]) => messages.map(({ sequence }) => sequence);

async function setUp(policy: Partial<typeof HISTORY> = {}) {
  const server = await ownServer();
  const client = await plainClient(server.url);
  await makeStream(client, "chat", policy);
  return { server, client, ...(await openReader(server.url, { policy })) };
}

describe("a batch", () => {
  it("holds the messages of a channel in order, whole", async () => {
    const { client, reader } = await setUp();
    const before = Date.now() - 1_000;
    await put(client, "chat.a", "one", {
      headers: plainNatsHeaders({
        "Tidegate-Event": "said",
        "Tidegate-User": "ada",
        "Tidegate-Connection": "n1-7",
      }),
    });
    await put(client, "chat.b", "other");
    await put(client, "chat.a", "two");

    const { messages, exhausted, pending } = await reader.batch("chat.a", 1, 10, 100_000);
    expect(messages.map(text)).toStrictEqual(["one", "two"]);
    expect(messages[0]).toMatchObject({
      channel: "chat.a",
      sequence: 1,
      event: "said",
      publisher: { user: "ada", connection: "n1-7" },
    });
    expect(messages[1]).toMatchObject({ sequence: 3, event: undefined, publisher: undefined });
    expect(messages[1]?.time).toBeGreaterThan(before);
    expect({ exhausted, pending }).toStrictEqual({ exhausted: true, pending: 0 });
  });

  it("has the same time, headers and payload as the republished message", async () => {
    const { client, reader } = await setUp();
    const live = new Promise<{ stamp: string | undefined; payload: string }>((resolve) => {
      client.subscribe("rtout.chat.a", {
        callback: (_error, message) =>
          resolve({ stamp: message.headers?.last("Nats-Time-Stamp"), payload: message.string() }),
      });
    });
    await client.flush();
    await put(client, "chat.a", "hello");
    const { stamp, payload } = await live;
    const [stored] = (await reader.batch("chat.a", 1, 1, 1_000)).messages;
    expect(stored).toMatchObject({ time: timeOf(stamp ?? "") });
    expect(stored === undefined ? "" : text(stored)).toBe(payload);
  });

  it("ends at its limit and at its bytes, and says that there is more", async () => {
    const { client, reader } = await setUp();
    for (let count = 0; count < 6; count++) await put(client, "chat.a", "x".repeat(1_000));
    const limited = await reader.batch("chat.a", 2, 3, 100_000);
    expect(sequences(limited.messages)).toStrictEqual([2, 3, 4]);
    expect(limited).toMatchObject({ exhausted: false, pending: 2 });
    const cut = await reader.batch("chat.a", 1, 10, 2_500);
    expect(cut.messages.length).toBeLessThan(6);
    expect(cut.messages.length).toBeGreaterThan(0);
    expect(cut).toMatchObject({ exhausted: false, pending: 6 - cut.messages.length });
    // One message comes through however big it is.
    expect((await reader.batch("chat.a", 1, 10, 1)).messages.length).toBe(1);
  });

  it("is empty where nothing is: of a channel, behind the end, and in an empty stream", async () => {
    const { client, reader } = await setUp();
    const nothing = { messages: [], exhausted: true, pending: 0 };
    expect(await reader.batch("chat.a", 1, 10, 1_000)).toStrictEqual(nothing);
    await put(client, "chat.a", "one");
    expect(await reader.batch("chat.other", 1, 10, 1_000)).toStrictEqual(nothing);
    expect(await reader.batch("chat.a", 2, 10, 1_000)).toStrictEqual(nothing);
    expect(await reader.batch("chat.a", 1_000_000, 10, 1_000)).toStrictEqual(nothing);
  });

  it("takes patterns, and the channel of one token", async () => {
    const { client, reader } = await setUp();
    await put(client, "chat", "root");
    await put(client, "chat.a", "a");
    await put(client, "chat.a.b", "ab");
    expect((await reader.batch("chat", 1, 10, 1_000)).messages.map(text)).toStrictEqual(["root"]);
    expect((await reader.batch("chat.*", 1, 10, 1_000)).messages.map(text)).toStrictEqual(["a"]);
    expect((await reader.batch("chat.>", 0, 10, 1_000)).messages.map(text)).toStrictEqual(["a", "ab"]);
  });

  it("is not fooled by a publisher's own headers", async () => {
    const { client, reader } = await setUp();
    const headers = plainNatsHeaders({
      "Nats-Sequence": "77",
      "Nats-Last-Sequence": "76",
      "Nats-Subject": "rt.chat.forged",
      "Nats-Time-Stamp": "2001-01-01T00:00:00Z",
      "Nats-Num-Pending": "9",
      "Nats-UpTo-Sequence": "99",
    });
    await put(client, "chat.a", "one", { headers });
    await put(client, "chat.a", "two", { headers });
    const { messages, pending } = await reader.batch("chat.a", 1, 10, 10_000);
    expect(messages.map(({ channel, sequence }) => [channel, sequence])).toStrictEqual([
      ["chat.a", 1],
      ["chat.a", 2],
    ]);
    expect(messages[0]?.time).toBeGreaterThan(Date.UTC(2020));
    expect(pending).toBe(0);
    expect(await reader.heads(["chat.a"])).toMatchObject({ upTo: 2 });
  });

  it("serves many readers at once on one subscription", async () => {
    const { client, reader, link } = await setUp();
    for (let count = 0; count < 100; count++) await put(client, `chat.${count}`, String(count));
    const before = link.nats.stats();
    const batches = await Promise.all(
      Array.from({ length: 100 }, (_, index) => reader.batch(`chat.${index}`, 1, 10, 1_000)),
    );
    expect(batches.map(({ messages }) => messages.map(text))).toStrictEqual(
      Array.from({ length: 100 }, (_, index) => [String(index)]),
    );
    // Two for each: the message and the end.
    expect(link.nats.stats().inMsgs - before.inMsgs).toBe(200);
  });
});

describe("the head of a channel", () => {
  it("is its newest sequence, 0 where nothing is", async () => {
    const { client, reader } = await setUp();
    expect(await reader.head("chat.a")).toBe(0);
    await put(client, "chat.a", "one");
    await put(client, "chat.b", "two");
    expect(await reader.head("chat.a")).toBe(1);
    expect(await reader.head("chat.b")).toBe(2);
    expect(await reader.head("chat.c")).toBe(0);
    await jetStream(client, "STREAM.PURGE.rt_chat");
    expect(await reader.head("chat.b")).toBe(0);
  });
});

describe("the next message", () => {
  it("comes from the leader with everything that a batch has", async () => {
    const { client, reader } = await setUp();
    await put(client, "chat.b", "other");
    await put(client, "chat.a", "one", {
      headers: plainNatsHeaders({ "Tidegate-Event": "said", "Tidegate-Connection": "c" }),
    });
    await put(client, "chat.a", "");
    const [one, two] = (await reader.batch("chat.a", 1, 10, 1_000)).messages;
    expect(await reader.next("chat.a", 0)).toStrictEqual(one);
    expect(await reader.next("chat.>", 3)).toStrictEqual(two);
    expect(await reader.next("chat.a", 4)).toBeUndefined();
  });
});

describe("the heads of channels", () => {
  it("are named for those that have any, with how far the replica knew", async () => {
    const { client, reader } = await setUp();
    for (const channel of ["chat.a", "chat.b", "chat.a", "chat.c", "chat._tick"])
      await put(client, channel, "x");
    expect(await reader.heads(["chat.a", "chat.b", "chat.none"])).toStrictEqual({
      heads: new Map([
        ["chat.b", 2],
        ["chat.a", 3],
      ]),
      upTo: 5,
    });
    expect((await reader.heads("chat.>"))?.heads.size).toBe(4);
    expect(await reader.heads("chat.room.*")).toStrictEqual({ heads: new Map(), upTo: 5 });
  });

  it("of nothing at all prove nothing", async () => {
    const { client, reader } = await setUp();
    expect(await reader.heads(["chat.a"])).toStrictEqual({ heads: new Map(), upTo: 0 });
    await put(client, "chat.b", "x");
    expect(await reader.heads(["chat.a"])).toStrictEqual({ heads: new Map(), upTo: 0 });
  });

  it("are gathered page by page when the payloads are big", async () => {
    const { client, reader, streams } = await setUp();
    const big = "x".repeat(50_000);
    for (let count = 0; count < 20; count++) await put(client, `chat.${count}`, big);
    const before = streams.directGets;
    const found = await reader.heads("chat.>");
    expect(found?.upTo).toBe(20);
    expect([...(found?.heads ?? [])]).toStrictEqual(
      Array.from({ length: 20 }, (_, index) => [`chat.${index}`, index + 1]),
    );
    expect(streams.directGets - before).toBeGreaterThan(2);
  });

  it("are refused for more channels than the server answers for", async () => {
    const { client, reader } = await setUp();
    for (let count = 0; count < 1_023; count++) client.publish(`rt.chat.${count}`, "x");
    await put(client, "chat.last", "x");
    expect((await reader.heads("chat.>"))?.heads.size).toBe(1_024);
    const names = Array.from({ length: 1_023 }, (_, index) => `chat.${index}`);
    expect((await reader.heads([...names, "chat.last"]))?.heads.size).toBe(1_024);
    await put(client, "chat.more", "x");
    expect(await reader.heads("chat.>")).toBeUndefined();
    expect(await reader.heads([...names, "chat.last", "chat.more"])).toBeUndefined();
  });
});

describe("the state of a stream", () => {
  it("follows what is stored and discarded", async () => {
    const { client, reader } = await setUp({ messagesPerChannel: 3 });
    const empty = await reader.state(0);
    expect(empty).toMatchObject({ firstSequence: 1, lastSequence: 0, messagesPerChannel: 3 });
    for (let count = 0; count < 5; count++) await put(client, "chat.a", "x");
    expect(await reader.state(0)).toStrictEqual({ ...empty, firstSequence: 3, lastSequence: 5 });
    await jetStream(client, "STREAM.PURGE.rt_chat");
    expect(await reader.state(0)).toStrictEqual({ ...empty, firstSequence: 6, lastSequence: 5 });
  });

  it("is asked once for all who ask at the same time, and kept as long as they allow", async () => {
    const { client, reader } = await setUp();
    const asked: string[] = [];
    client.subscribe("$JS.API.STREAM.INFO.rt_chat", {
      callback: (_error, { subject }) => void asked.push(subject),
    });
    await client.flush();
    await Promise.all(Array.from({ length: 50 }, () => reader.state(1_000)));
    await reader.state(60_000);
    await client.flush();
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it("that has to be new is never that of an inquiry begun before", async () => {
    const { client, reader } = await setUp();
    const early = reader.state(0);
    const sequence = await put(client, "chat.a", "x");
    // Whatever is under way now may have been answered before the message was stored.
    expect((await reader.state(0)).lastSequence).toBe(sequence);
    expect((await early).lastSequence).toBeLessThanOrEqual(sequence);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const stored = await put(client, "chat.a", "x");
        expect((await reader.state(0)).lastSequence).toBeGreaterThanOrEqual(stored);
      }),
    );
  });

  it("keeps its epoch through updates, purges and restarts; a stream made anew has another", async () => {
    const { server, client, reader } = await setUp();
    const { epoch } = await reader.state(0);
    expect(epoch).toMatch(/^[0-9a-z]{8}$/);
    await put(client, "chat.a", "x");
    await jetStream(client, "STREAM.PURGE.rt_chat");
    const { config } = await jetStream(client, "STREAM.INFO.rt_chat");
    await jetStream(client, "STREAM.UPDATE.rt_chat", { ...(config as object), max_age: 7_200_000_000_000 });
    expect((await reader.state(0)).epoch).toBe(epoch);
    await server.restart();
    await expect.poll(() => reader.state(0).catch(() => undefined)).toMatchObject({ epoch });
    await jetStream(client, "STREAM.DELETE.rt_chat");
    await makeStream(client, "chat");
    expect((await reader.state(0)).epoch).not.toBe(epoch);
  });

  it("has another epoch after its metadata says so", async () => {
    const { client, reader } = await setUp();
    const { epoch } = await reader.state(0);
    const { config } = await jetStream(client, "STREAM.INFO.rt_chat");
    const { metadata } = config as { metadata: object };
    await jetStream(client, "STREAM.UPDATE.rt_chat", {
      ...(config as object),
      metadata: { ...metadata, "tidegate.epoch": "1" },
    });
    expect((await reader.state(0)).epoch).not.toBe(epoch);
  });
});
