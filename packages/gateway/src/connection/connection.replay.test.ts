import { describe, expect, it } from "vitest";
import { fixture, opened } from "../../testing/connection-fixture.ts";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { PING } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";

const SINCE = new Map([[EPOCH, 50]]);
const HERE = { epoch: EPOCH, sequence: 100 };
const RESUMED = {
  kind: "joined",
  source: "stream",
  messages: [storedMessage("feed.a", 90), storedMessage("feed.a", 95)],
  position: HERE,
} as const;
const EXPIRED = { kind: "reset", reason: "expired", position: HERE } as const;

describe("a connection with replayable channels", () => {
  it("resumes those of its address, in one write after the word that it does", async () => {
    const { broker, socket } = await opened({ channels: ["feed.a", "chat.a"], since: SINCE });
    expect(broker.subscriptions.map(({ target }) => target)).toStrictEqual(["chat.a"]);
    expect(broker.lastFollow.lastJoin.from).toStrictEqual({ kind: "since", cursor: SINCE });
    broker.lastFollow.lastJoin.answer(RESUMED);
    broker.lastFollow.message(101);
    await turns();
    expect(socket.messages.slice(2)).toMatchObject([
      { type: "subscribed", channel: "feed.a", cursor: `${EPOCH}-2h`, resumed: true },
      { type: "message", cursor: `${EPOCH}-2i` },
      { type: "message", cursor: `${EPOCH}-2n` },
      { type: "message", cursor: `${EPOCH}-2t` },
    ]);
    expect(socket.sent.slice(3).map(({ cork }) => cork)).toStrictEqual([1, 1, 0]);
  });

  it("replays in batches to a client that wants them, and tells one cursor as before", async () => {
    const { broker, socket } = await opened({ channels: ["feed.a"], since: SINCE, format: "lines" });
    broker.lastFollow.lastJoin.answer(RESUMED);
    broker.lastFollow.message(101);
    broker.lastFollow.message(102);
    await turns();
    const [subscribed, ...batches] = socket.frames.slice(1);
    expect(subscribed).toContain(`"cursor":"${EPOCH}-2h"`);
    const cursors = batches.map((text) => text.split("\n").map((line) => JSON.parse(line).cursor));
    expect(cursors).toStrictEqual([
      [`${EPOCH}-2i`, `${EPOCH}-2n`],
      [`${EPOCH}-2t`, `${EPOCH}-2u`],
    ]);
  });

  it("does not resume those that connect names besides", async () => {
    const { connection, verifier, broker, send } = fixture({ channels: ["feed.a"], since: SINCE });
    connection.begin(undefined);
    send({ type: "connect", id: 1, token: verifier.accept("good"), channels: ["feed.a", "feed.b"] });
    await turns();
    expect(broker.follows.map(({ target, lastJoin }) => [target, lastJoin.from.kind])).toStrictEqual([
      ["feed.a", "since"],
      ["feed.b", "now"],
    ]);
  });

  it("is told of a reset in its midst, behind what came before", async () => {
    const { broker, socket } = await opened({ channels: ["feed.a"] });
    broker.lastFollow.message(1);
    broker.lastFollow.reset("overflow", HERE);
    broker.lastFollow.message(101);
    await turns();
    expect(socket.messages.slice(2)).toMatchObject([
      { type: "message", data: 1 },
      { type: "reset", channel: "feed.a", cursor: `${EPOCH}-2s`, reason: "overflow" },
      { type: "message", data: 101 },
    ]);
  });

  it("gets checkpoints with its pings", async () => {
    const { broker, socket, pass } = await opened({ channels: ["feed.a", "feed.*"] });
    for (const follow of broker.follows) {
      follow.advance(100);
    }
    pass(PING.intervalMs);
    expect(socket.messages.at(-1)).toStrictEqual({ type: "ping", cursor: `${EPOCH}-2s` });
  });

  it("gets none while one of its channels is behind another", async () => {
    const { broker, socket, pass } = await opened({ channels: ["feed.a", "feed.b"] });
    broker.lastFollow.message(100);
    pass(PING.intervalMs);
    // The ping does not overtake what it would have spoken of.
    expect(socket.messages.slice(3)).toMatchObject([{ type: "message" }, { type: "ping" }]);
    expect(socket.messages.at(-1)).not.toHaveProperty("cursor");
  });

  it("is not told of an interruption, since those repair themselves", async () => {
    const { connection, socket, send } = await opened({ channels: ["feed.a"] });
    const before = socket.sent.length;
    connection.notifyMissed("{}");
    expect(socket.sent).toHaveLength(before);
    send({ type: "subscribe", id: 1, channel: "chat.a" });
    await turns();
    connection.notifyMissed("{}");
    expect(socket.frames.at(-1)).toBe("{}");
  });

  it("is told why a channel is lost", async () => {
    const { broker, socket } = await opened({ channels: ["feed.a"] });
    broker.lastFollow.lose("stream_missing");
    expect(socket.messages.at(-1)).toMatchObject({
      type: "unsubscribed",
      channel: "feed.a",
      code: "history_unavailable",
    });
  });

  it("is not closed over what it asked for itself: the next replay waits until it has read the last", async () => {
    const { broker, connection, socket, send, types, pass, endings } = await opened({
      limits: { outboxBytes: 3_000 },
    });
    socket.reading = false;
    const large = { payload: Buffer.from(JSON.stringify("x".repeat(2_000))) };
    for (const [id, channel] of ["feed.a", "feed.b", "feed.c"].entries()) {
      send({ type: "subscribe", id: id + 1, channel, since: `${EPOCH}-1` });
      broker.lastFollow.joins[0]?.answer({ ...RESUMED, messages: [storedMessage(channel, 90, large)] });
    }
    // The first one filled half of the outbox.
    expect(types().slice(1)).toStrictEqual(["subscribed", "message"]);
    for (const read of [1, 2]) {
      socket.buffered = 0;
      connection.writable();
      broker.follows[read]?.lastJoin.answer({ ...RESUMED, messages: [storedMessage("feed.x", 90, large)] });
      expect(types().slice(1)).toHaveLength(2 + read * 2);
    }
    pass(100);
    expect(endings()).toStrictEqual([]);
  });

  it("answers a subscription that was given up while it waited for its turn", async () => {
    const { connection, socket, send } = await opened({ limits: { outboxBytes: 1_000 } });
    socket.buffered = 900;
    send({ type: "subscribe", id: 1, channel: "feed.a", since: `${EPOCH}-1` });
    send({ type: "unsubscribe", id: 2, channel: "feed.a" });
    socket.buffered = 0;
    connection.writable();
    await turns();
    expect(socket.messages.slice(1)).toMatchObject([
      { type: "unsubscribed", id: 2 },
      { type: "error", id: 1, code: "not_subscribed" },
    ]);
  });

  it("waits with its goodbye for the answer of the store", async () => {
    const { broker, connection, send, socket, endings } = await opened();
    send({ type: "publish", id: 1, channel: "feed.a", data: 1 });
    connection.drain(740);
    expect(endings()).toStrictEqual([]);
    broker.stores[0]?.answer({ kind: "stored", position: HERE, duplicate: false });
    await turns();
    expect(socket.messages.at(-1)).toStrictEqual({ type: "ok", id: 1, cursor: `${EPOCH}-2s` });
    expect(endings()).toStrictEqual(["draining"]);
  });

  it("leaves nothing behind when it is closed while it waits to resume", async () => {
    const { broker, connection, context, socket } = await opened({ channels: ["feed.a"], since: SINCE });
    const before = socket.sent.length;
    connection.closed("abnormal");
    expect(broker.lastFollow.lastJoin.signal?.aborted).toBe(true);
    broker.lastFollow.lastJoin.answer(RESUMED);
    await turns();
    expect([context.hub.size, broker.lastFollow.closes]).toStrictEqual([0, 1]);
    expect(socket.sent).toHaveLength(before);
  });
});

describe("a raw connection with replayable channels", () => {
  it("gets what is replayed, then what follows", async () => {
    const { broker, socket } = await opened({ format: "raw", channels: ["feed.a"], since: SINCE });
    broker.lastFollow.lastJoin.answer(RESUMED);
    broker.lastFollow.message(101);
    await turns();
    expect(socket.frames).toStrictEqual(["90", "95", "101"]);
  });

  it.each([
    ["when it cannot be resumed", true],
    ["when continuity is lost later", false],
  ])("is closed %s, for good, because nothing else could tell it", async (_when, atOnce) => {
    const raw = await opened({ format: "raw", channels: ["feed.a"], since: SINCE });
    const { broker, context, socket } = raw;
    if (atOnce) {
      broker.lastFollow.lastJoin.answer(EXPIRED);
    } else {
      broker.lastFollow.lastJoin.answer(RESUMED);
      broker.lastFollow.reset("expired", HERE);
    }
    expect(socket.ends).toStrictEqual([{ name: "reset", reason: "feed.a: expired" }]);
    await turns();
    expect(raw.closings()).toBe(1);
    expect([context.hub.size, broker.lastFollow.closes]).toStrictEqual([0, 1]);
  });

  it("is closed to come back when the store is out of reach", async () => {
    const { broker, endings } = await opened({ format: "raw", channels: ["feed.a"] });
    broker.lastFollow.lose("stream_unfit");
    expect(endings()).toStrictEqual(["broker_unavailable"]);
  });
});
