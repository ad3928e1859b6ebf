import { BrokerError } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { opened } from "../../testing/connection-fixture.ts";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { LIMITS, PING } from "../../testing/fake-node.ts";
import { FakeSocket } from "../../testing/fake-socket.ts";
import { turns } from "../../testing/turns.ts";
import { Connection } from "./connection.ts";

const LARGE = { payload: Buffer.from(JSON.stringify("x".repeat(20_000))) };
const HERE = { epoch: EPOCH, sequence: 200 };

/** A connection that has got `feed.a` up to 10, which was too much for it, and then 11 was published. */
async function behind(channels: readonly string[] = ["feed.a"]) {
  const all = await opened({ channels });
  const { broker, connection, socket } = all;
  const follow = broker.follows.find(({ target }) => target === channels[0]) ?? broker.lastFollow;
  socket.reading = false;
  follow.message(10, LARGE);
  await turns();
  follow.message(11);
  await turns();
  const before = socket.sent.length;
  const read = async (): Promise<void> => {
    socket.buffered = 0;
    connection.writable();
    await turns();
  };
  const news = () => socket.messages.slice(before);
  return { ...all, follow, read, news };
}

describe("a connection that reads too slowly", () => {
  it("gets what it lacks of a replayable channel when it has read, and then what follows", async () => {
    const { broker, follow, read, news, metric, connection, endings } = await behind();
    expect(follow.catchUps).toHaveLength(0);
    expect(connection.isLagging).toBe(true);
    await read();
    expect(follow.lastCatchUp.place).toStrictEqual({ epoch: EPOCH, sequence: 10 });
    const messages = [11, 12, 13].map((sequence) => storedMessage("feed.a", sequence));
    follow.lastCatchUp.answer({ kind: "joined", source: "ring", messages, position: HERE });
    broker.lastFollow.message(201);
    await turns();
    expect(news()).toMatchObject([{ data: 11 }, { data: 12 }, { data: 13 }, { data: 201 }]);
    expect(connection.isLagging).toBe(false);
    expect(endings()).toStrictEqual([]);
    expect(await metric('tidegate_catch_ups_total{outcome="ring"}')).toBe(1);
    expect(await metric("tidegate_messages_missed_total")).toBe(0);
  });

  it("gets a long backlog piece by piece, as it reads them", async () => {
    const { socket, follow, read, news, metric } = await behind();
    await read();
    const answer = (kind: "more" | "joined", sequence: number): void => {
      const messages = [storedMessage("feed.a", sequence, LARGE)];
      follow.lastCatchUp.answer({ kind, source: "stream", messages, position: { epoch: EPOCH, sequence } });
    };
    answer("more", 11);
    await turns();
    expect(socket.buffered).toBeGreaterThan(LIMITS.outboxBytes);
    expect(follow.catchUps).toHaveLength(1);
    await read();
    expect(follow.lastCatchUp.place.sequence).toBe(11);
    answer("joined", 12);
    follow.message(13);
    await turns();
    // Joined, and behind again at once.
    expect(news()).toHaveLength(2);
    await read();
    expect(follow.lastCatchUp.place.sequence).toBe(12);
    expect(await metric('tidegate_catch_ups_total{outcome="stream"}')).toBe(1);
  });

  it("lags anew each time that too much waits, also before it has caught up", async () => {
    const { context, follow, read } = await behind();
    expect(context.traffic).toMatchObject({ lags: 1, laggingConnections: 1 });
    await read();
    const piece = { source: "stream" as const, position: { epoch: EPOCH, sequence: 11 } };
    const messages = [storedMessage("feed.a", 11, LARGE)];
    follow.lastCatchUp.answer({ ...piece, kind: "more", messages });
    await turns();
    expect(context.traffic).toMatchObject({ lags: 2, laggingConnections: 1 });
    await read();
    follow.lastCatchUp.answer({ ...piece, kind: "joined", messages: [] });
    await turns();
    expect(context.traffic).toMatchObject({ lags: 2, laggingConnections: 0 });
  });

  it("tells no checkpoint until everything has been delivered again", async () => {
    const { broker, connection, socket, follow, read, news, pass } = await behind(["feed.a", "feed.b"]);
    socket.reading = true;
    await read();
    pass(PING.intervalMs);
    expect(news().at(-1)).toStrictEqual({ type: "ping" });
    connection.heard();
    follow.lastCatchUp.answer({ kind: "joined", source: "ring", messages: [], position: HERE });
    await turns();
    for (const each of broker.follows) {
      each.advance(200);
    }
    pass(PING.intervalMs);
    expect(news().at(-1)).toStrictEqual({ type: "ping", cursor: `${EPOCH}-5k` });
  });

  it("is told of resets that come while it is behind, and goes on behind the last", async () => {
    const { follow, read, news } = await behind();
    follow.reset("overflow", HERE);
    await read();
    expect(news()).toMatchObject([{ type: "reset", reason: "overflow", cursor: `${EPOCH}-5k` }]);
    expect(follow.lastCatchUp.place).toStrictEqual(HERE);
    follow.reset("expired", { epoch: EPOCH, sequence: 300 });
    await turns();
    expect(follow.catchUps[0]?.signal?.aborted).toBe(true);
    expect(follow.lastCatchUp.place.sequence).toBe(300);
    follow.lastCatchUp.answer({
      kind: "reset",
      reason: "expired",
      position: { epoch: EPOCH, sequence: 400 },
    });
    follow.message(401);
    await turns();
    expect(news().slice(1)).toMatchObject([
      { type: "reset" },
      { type: "reset", cursor: `${EPOCH}-b4` },
      { data: 401 },
    ]);
  });

  it("tries again when the store is out of reach, and is closed when that takes too long", async () => {
    const { follow, read, pass, endings, connection } = await behind();
    await read();
    follow.lastCatchUp.answer({ kind: "failed", error: new BrokerError("unavailable", "by the test") });
    await read();
    expect(follow.catchUps).toHaveLength(1);
    pass(1_100);
    await turns();
    expect(follow.catchUps).toHaveLength(2);
    for (let seconds = 0; seconds < LIMITS.catchUpMs; seconds += 1_000) {
      pass(1_000);
      connection.heard();
    }
    expect(endings()).toStrictEqual(["slow_consumer"]);
  });

  it("forgets a subscription that is given up, in whatever state, and catches up with the others", async () => {
    const { broker, socket, follow, send, read, connection } = await behind(["feed.a", "feed.b"]);
    const other = broker.lastFollow;
    other.message(12);
    await turns();
    await read();
    expect(follow.catchUps).toHaveLength(1);
    send({ type: "unsubscribe", id: 1, channel: "feed.a" });
    expect(follow.lastCatchUp.signal?.aborted).toBe(true);
    await turns();
    expect(other.lastCatchUp.place.sequence).toBe(11);
    connection.closed("client");
    expect(other.lastCatchUp.signal?.aborted).toBe(true);
    expect(socket.ends).toStrictEqual([]);
    expect([follow.closes, other.closes]).toStrictEqual([1, 1]);
  });

  it("is told when a channel is lost that it is behind on", async () => {
    const { follow, news, connection, read } = await behind();
    follow.lose("stream_missing");
    expect(news()).toMatchObject([{ type: "unsubscribed", channel: "feed.a" }]);
    await read();
    expect(connection.isLagging).toBe(false);
  });

  it("is closed when it reads nothing for too long, though nothing is lost", async () => {
    const { pass, endings, connection } = await behind();
    pass(LIMITS.laggingMs - 200);
    connection.heard();
    expect(endings()).toStrictEqual([]);
    pass(300);
    expect(endings()).toStrictEqual(["slow_consumer"]);
  });

  it("is told once, exactly and by name what it missed of a live channel, before anything that follows", async () => {
    const { broker, read, news } = await behind(["feed.a", "chat.a"]);
    broker.last.message("1");
    broker.last.message("2");
    await turns();
    broker.last.message("3");
    await turns();
    await read();
    broker.last.message("4");
    await turns();
    expect(news()).toMatchObject([
      { type: "error", code: "messages_missed", missed: 3, channel: "chat.a" },
      { type: "message", data: 4 },
    ]);
  });

  it("misses the same among many, to whom a flush goes out without a look at each", async () => {
    const { context, verifier, broker, socket, connection } = await opened({ channels: ["chat.a"] });
    const crowd = Array.from({ length: 9 }, () => {
      const wish = { channels: ["chat.a"], since: undefined };
      const other = new FakeSocket();
      new Connection(context, other, "n1-boot-2", "json", wish, () => {}).begin(verifier.accept("good"));
      return other;
    });
    await turns();
    const [before, corks] = [socket.sent.length, crowd.map((other) => other.corks)];
    const flush = async (): Promise<void> => {
      for (const _ of [1, 2]) {
        broker.last.message(JSON.stringify("x".repeat(LIMITS.outboxBytes / 3)));
      }
      await turns();
    };
    socket.reading = false;
    await flush();
    expect(connection.isLagging).toBe(false);
    await flush();
    expect(connection.isLagging).toBe(true);
    await flush();
    socket.buffered = 0;
    connection.writable();
    await flush();
    const types = socket.messages.slice(before).map(({ type, missed }) => missed ?? type);
    expect(types).toStrictEqual([...Array(4).fill("message"), 2, ...Array(2).fill("message")]);
    expect(crowd.map((other, index) => other.corks - (corks[index] ?? 0))).toStrictEqual(Array(9).fill(4));
    expect(
      crowd.every(({ messages }) => messages.filter(({ type }) => type === "message").length === 8),
    ).toBe(true);
    expect([context.traffic.messagesMissed, context.traffic.laggingConnections]).toStrictEqual([2, 0]);
  });
});
