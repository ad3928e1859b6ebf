import type { NatsConnection } from "@tidegate/testkit";
import { waitUntil } from "@tidegate/testkit";
import { describe, expect, it } from "vitest";
import { Follower, payloadsOf } from "../../testing/follower.ts";
import { openBroker, ownServer, plainClient } from "../../testing/open-broker.ts";
import { HISTORY, jetStream, makeStream, put } from "../../testing/stream.ts";
import type { HistoryPolicy } from "../store/history-policy.ts";
import type { JsonObject } from "../store/json-object.ts";
import type { TailOptions } from "./tail-options.ts";

const NEVER_MS = 3_600_000;

async function setUp(tails: Partial<TailOptions> = {}, policy: Partial<HistoryPolicy> = {}) {
  const server = await ownServer();
  const client = await plainClient(server.url);
  await makeStream(client, "chat", policy);
  const histories = new Map([["chat", { ...HISTORY, ...policy }]]);
  const opened = await openBroker(server.url, {
    histories,
    // Neither helps a test unless it says so.
    tails: { tickMs: NEVER_MS, sweepMs: NEVER_MS, ...tails },
    lingerMs: 0,
  });
  return { server, client, ...opened };
}

async function following(...parameters: ConstructorParameters<typeof Follower>): Promise<Follower> {
  const follower = new Follower(...parameters);
  await follower.follow.ready;
  return follower;
}

/** Stores a message that the stream does not pass on: to a subscriber, lost without a trace. */
async function putUnseen(client: NatsConnection, channel: string, payload: string): Promise<number> {
  const { config } = await jetStream(client, "STREAM.INFO.rt_chat");
  const { republish: _, ...silent } = config as JsonObject;
  await jetStream(client, "STREAM.UPDATE.rt_chat", silent);
  const sequence = await put(client, channel, payload);
  await jetStream(client, "STREAM.UPDATE.rt_chat", config as JsonObject);
  return sequence;
}

/** Waits until the stream holds so many ticks. */
async function ticks(client: NatsConnection, count: number): Promise<void> {
  await waitUntil(async () => {
    const { state } = await jetStream(client, "STREAM.INFO.rt_chat", { subjects_filter: "rt.chat._tick" });
    const subjects = (state as JsonObject)["subjects"] as JsonObject | undefined;
    return Number(subjects?.["rt.chat._tick"] ?? 0) >= count;
  });
}

describe("following a channel", () => {
  it("brings what a plain client publishes, from now on and in order", async () => {
    const { client, broker } = await setUp();
    await put(client, "chat.a", "before");
    const follower = await following(broker, "chat.a");
    expect(await follower.join({ kind: "now" })).toMatchObject({
      kind: "joined",
      source: "none",
      messages: [],
      position: { epoch: await broker.epochOf("chat"), sequence: 1 },
    });
    for (const payload of ["1", "2", "3"]) client.publish("rt.chat.a", payload);
    await put(client, "chat.b", "elsewhere");
    expect(await follower.seen.count(3)).toStrictEqual(["1", "2", "3"]);
    expect(follower.follow.position?.sequence).toBe(4);
  });

  it("shares one tail, and lets it go with the last who leaves", async () => {
    const { broker } = await setUp();
    const first = await following(broker, "chat.a");
    const second = await following(broker, "chat.a");
    expect(broker.stats.tails.tails).toBe(1);
    first.follow.close();
    first.follow.close();
    expect(broker.stats.tails.tails).toBe(1);
    second.follow.close();
    expect(broker.stats.tails.tails).toBe(0);
  });

  it("follows a pattern, without what is internal", async () => {
    const { client, broker } = await setUp({ tickMs: 100 });
    const follower = await following(broker, "chat.>");
    await put(client, "chat.a", "a1");
    await put(client, "chat.b", "b1");
    await ticks(client, 1);
    await put(client, "chat.a", "a2");
    expect(await follower.seen.count(3)).toStrictEqual(["a1", "b1", "a2"]);
  });

  it("fails when the stream is missing", async () => {
    const server = await ownServer();
    const { broker } = await openBroker(server.url, { histories: new Map([["chat", HISTORY]]) });
    const follower = new Follower(broker, "chat.a");
    await expect(follower.follow.ready).rejects.toMatchObject({ code: "stream_missing" });
    expect(await follower.join({ kind: "now" })).toMatchObject({
      kind: "failed",
      error: { code: "stream_missing" },
    });
    expect(() => broker.follow("ticker.a", { ...follower } as never)).toThrow(TypeError);
  });
});

describe("resuming", () => {
  it("is served from memory where that reaches back", async () => {
    const { client, broker } = await setUp();
    const first = await following(broker, "chat.a");
    for (const payload of ["1", "2", "3"]) await put(client, "chat.a", payload);
    await first.seen.count(3);
    const reads = broker.stats.tails.streamReads;
    const second = await following(broker, "chat.a");
    const joined = await second.since(1);
    expect(joined).toMatchObject({ kind: "joined", source: "ring", position: { sequence: 3 } });
    expect(payloadsOf(joined)).toStrictEqual(["2", "3"]);
    expect(broker.stats.tails).toMatchObject({ streamReads: reads, joinsFromRing: 1 });
  });

  it("is served from the stream where memory does not reach back, once for all who come together", async () => {
    const { client, broker } = await setUp();
    for (const payload of ["1", "2", "3"]) await put(client, "chat.a", payload);
    const follower = await following(broker, "chat.a");
    const reads = broker.stats.tails.streamReads;
    const joins = await Promise.all([1, 0, 2, 1].map((sequence) => follower.since(sequence)));
    expect(joins.map(payloadsOf)).toStrictEqual([["2", "3"], ["1", "2", "3"], ["3"], ["2", "3"]]);
    expect(broker.stats.tails.streamReads - reads).toBeLessThanOrEqual(2);
    await put(client, "chat.a", "4");
    expect(await follower.seen.count(1)).toStrictEqual(["4"]);
  });

  it("brings the last messages", async () => {
    const { client, broker } = await setUp();
    for (let number = 1; number <= 20; number++)
      await put(client, number % 2 === 0 ? "chat.a" : "chat.b", `${number}`);
    const follower = await following(broker, "chat.a");
    expect(payloadsOf(await follower.join({ kind: "last", count: 3 }))).toStrictEqual(["16", "18", "20"]);
    expect(payloadsOf(await follower.join({ kind: "last", count: 50 }))).toHaveLength(10);
  });

  it("is refused with a cursor of another life, from beyond the end, and from before what is kept", async () => {
    const { client, broker } = await setUp({}, { messagesPerChannel: 3 });
    for (let number = 1; number <= 9; number++) await put(client, "chat.a", `${number}`);
    const follower = await following(broker, "chat.a");
    const foreign = { kind: "since", cursor: new Map([["zzzzzzzz", 3]]) } as const;
    expect(await follower.join(foreign)).toMatchObject({ kind: "reset", reason: "epoch" });
    expect(await follower.since(1_000)).toMatchObject({ kind: "reset", reason: "future" });
    expect(await follower.since(2)).toMatchObject({ kind: "reset", reason: "expired" });
    expect(payloadsOf(await follower.since(7))).toStrictEqual(["8", "9"]);
  });

  it("is refused when too much has happened since", async () => {
    const { client, broker } = await setUp({ replayMessages: 5 });
    for (let number = 1; number <= 9; number++) await put(client, "chat.a", `${number}`);
    const follower = await following(broker, "chat.a");
    expect(await follower.since(1)).toMatchObject({ kind: "reset", reason: "too_far" });
  });
});

describe("a message that is lost on its way", () => {
  it("is fetched when the next one reveals it, and delivered before that", async () => {
    const { client, broker } = await setUp();
    const follower = await following(broker, "chat.a");
    await put(client, "chat.a", "1");
    await putUnseen(client, "chat.a", "2");
    await putUnseen(client, "chat.a", "3");
    await put(client, "chat.a", "4");
    expect(await follower.seen.count(4)).toStrictEqual(["1", "2", "3", "4"]);
    expect(broker.stats.tails).toMatchObject({ gaps: 1, repairs: 1 });
    follower.follow.close();
    await waitUntil(() => broker.stats.tails.tails === 0);
    // What was counted stays with the node.
    expect(broker.stats.tails).toMatchObject({ gaps: 1, repairs: 1 });
  });

  it("is found by the sweep when nothing follows it", async () => {
    const { client, broker } = await setUp({ sweepMs: 100 });
    const follower = await following(broker, "chat.a");
    await put(client, "chat.a", "first");
    await putUnseen(client, "chat.a", "last");
    expect(await follower.seen.count(2)).toStrictEqual(["first", "last"]);
  });

  it("is found by the tick that did not come", async () => {
    const { client, broker } = await setUp({ tickMs: 100 });
    const follower = await following(broker, "chat.a");
    const { config } = await jetStream(client, "STREAM.INFO.rt_chat");
    const { republish: _, ...silent } = config as JsonObject;
    await jetStream(client, "STREAM.UPDATE.rt_chat", silent);
    await put(client, "chat.a", "unseen");
    await waitUntil(() => broker.stats.tails.missedTicks > 0);
    await jetStream(client, "STREAM.UPDATE.rt_chat", config as JsonObject);
    expect(await follower.seen.count(1)).toStrictEqual(["unseen"]);
  });

  it("is found in a pattern, too", async () => {
    const { client, broker } = await setUp({ sweepMs: 100 });
    const follower = await following(broker, "chat.*");
    await put(client, "chat.a", "a1");
    await putUnseen(client, "chat.b", "b1");
    await putUnseen(client, "chat.c", "c1");
    expect([...(await follower.seen.count(3))].sort()).toStrictEqual(["a1", "b1", "c1"]);
  });
});

describe("a server that goes away", () => {
  it("costs nothing when it comes back with its store", async () => {
    const { server, broker } = await setUp();
    const follower = await following(broker, "chat.a");
    const early = await plainClient(server.url);
    await put(early, "chat.a", "1");
    await server.kill();
    await server.restart();
    // Maybe before the broker is back.
    const late = await plainClient(server.url);
    await put(late, "chat.a", "2");
    await put(late, "chat.a", "3");
    expect(await follower.seen.count(3)).toStrictEqual(["1", "2", "3"]);
  });

  it("costs a reset when it comes back with another stream", async () => {
    const { client, broker } = await setUp({ tickMs: 100 });
    const follower = await following(broker, "chat.a");
    for (let number = 1; number <= 5; number++) await put(client, "chat.a", `${number}`);
    const epoch = follower.follow.position?.epoch;
    // The one before the last has arrived.
    await ticks(client, 2);
    await jetStream(client, "STREAM.DELETE.rt_chat");
    await makeStream(client, "chat");
    await follower.seen.match((seen) => seen.startsWith("reset:"));
    await waitUntil(() => follower.follow.position?.epoch !== epoch);
    await put(client, "chat.a", "anew");
    await follower.seen.match((seen) => seen === "anew");
  });

  it("ends every following when the broker is drained", async () => {
    const { broker } = await setUp();
    const follower = await following(broker, "chat.a");
    await broker.drain();
    expect(follower.seen.items).toStrictEqual(["closed:closed"]);
    expect(() => follower.follow.close()).not.toThrow();
  });
});
