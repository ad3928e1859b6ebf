import { BrokerError } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { at, fixture } from "../../testing/event-stream-fixture.ts";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { NOW } from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";

describe("an event stream of a live channel", () => {
  it("gets what is larger than a piece in few writes, however many events it is", async () => {
    const { network, broker, events } = fixture({ channels: ["chat.a"] });
    await turns();
    const before = network.chunks.length;
    const payload = Buffer.from("x".repeat(500));
    for (let count = 0; count < 400; count += 1) {
      broker.subscriptions[0]?.message("", { payload });
    }
    await turns();
    expect(events()).toHaveLength(400);
    expect(network.chunks.length - before).toBeLessThan(6);
  });
});

describe("an event stream of one replayable channel", () => {
  it("tells where it begins, and each message's place as its id", async () => {
    const { network, follow, events } = fixture();
    await turns();
    expect(network.text).toBe(`id: ${at(0)}\n\n`);
    follow("feed.a").message(7);
    follow("feed.a").message(8, { event: "said" });
    await turns();
    expect(events()).toStrictEqual([
      ["message", "7", at(7)],
      ["said", "8", at(8)],
    ]);
    expect(network.chunks).toHaveLength(2);
  });

  it("gets what is larger than a piece in few writes, however many events it is", async () => {
    const { network, follow, events } = fixture();
    await turns();
    const before = network.chunks.length;
    const payload = Buffer.from("x".repeat(500));
    for (let sequence = 1; sequence <= 400; sequence += 1) {
      follow("feed.a").message(sequence, { payload });
    }
    await turns();
    expect(events()).toHaveLength(400);
    expect(network.chunks.length - before).toBeLessThan(6);
  });

  it("resumes from a cursor, and goes on right behind what is replayed", async () => {
    const { network, follow, events } = fixture({ cursor: at(5) });
    const tail = follow("feed.a");
    expect(tail.lastJoin.from).toMatchObject({ kind: "since" });
    expect(network.text).toBe("");
    tail.advance(9);
    tail.lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 6), storedMessage("feed.a", 9)],
      position: { epoch: EPOCH, sequence: 9 },
    });
    tail.message(10);
    await turns();
    expect(events()).toStrictEqual([
      ["message", "6", at(6)],
      ["message", "9", at(9)],
      ["message", "10", at(10)],
    ]);
    expect(network.text).not.toContain(`id: ${at(10)}\n\n`);
  });

  it("tells a reset, with the place where it goes on", async () => {
    const { follow, events } = fixture({ cursor: at(5) });
    const tail = follow("feed.a");
    tail.advance(40);
    tail.lastJoin.answer({ kind: "reset", reason: "expired", position: { epoch: EPOCH, sequence: 40 } });
    await turns();
    tail.message(41);
    await turns();
    expect(events()).toStrictEqual([
      ["tidegate.reset", '{"channel":"feed.a","reason":"expired"}', at(40)],
      ["message", "41", at(41)],
    ]);
  });

  it("tells a reset in the middle", async () => {
    const { follow, events } = fixture();
    await turns();
    const tail = follow("feed.a");
    tail.message(1);
    tail.catchingUp(true);
    tail.reset("overflow", { epoch: EPOCH, sequence: 90 });
    tail.catchingUp(false);
    tail.message(91);
    await turns();
    expect(events()).toStrictEqual([
      ["message", "1", at(1)],
      ["tidegate.reset", '{"channel":"feed.a","reason":"overflow"}', at(90)],
      ["message", "91", at(91)],
    ]);
  });

  it("goes on with the ids of a new store", async () => {
    const { follow, events } = fixture();
    await turns();
    follow("feed.a").message(70);
    follow("feed.a").reset("epoch", { epoch: "zzzzzzzz", sequence: 2 });
    follow("feed.a").message(3);
    await turns();
    expect(events().map(([, , id]) => id)).toStrictEqual([at(70), "zzzzzzzz-2", "zzzzzzzz-3"]);
  });

  it("moves the id of a quiet channel with its signs of life, and only then", async () => {
    const { network, follow, pass } = fixture();
    await turns();
    follow("feed.a").advance(12);
    pass(25_000);
    expect(network.parser.lastEventId).toBe(at(12));
    expect(network.parser.events).toStrictEqual([]);
    const { length } = network.text;
    pass(25_000);
    expect(network.text.slice(length)).toMatch(/^(:\n\n)+$/);
  });

  it("has ids of messages in its signs of life only if they have moved since", async () => {
    const { network, follow, pass } = fixture();
    await turns();
    follow("feed.a").message(12);
    await turns();
    pass(25_000);
    expect(network.text.match(/^id: /gm)).toHaveLength(2);
  });
});

describe("an event stream of several channels", () => {
  it("brings messages of one namespace in the order of its store", async () => {
    const { follow, events } = fixture({ channels: ["feed.a", "feed.b"] });
    await turns();
    follow("feed.a").message(1);
    follow("feed.a").message(3);
    follow("feed.b").message(2);
    await turns();
    expect(events()).toStrictEqual([
      ["message", "1", at(1)],
      ["message", "2", at(2)],
      ["message", "3", at(3)],
    ]);
  });

  it("holds them back while one of them is repaired", async () => {
    const { follow, events } = fixture({ channels: ["feed.a", "feed.b"] });
    await turns();
    follow("feed.b").catchingUp(true);
    follow("feed.a").message(5);
    await turns();
    expect(events()).toStrictEqual([]);
    follow("feed.b").message(4);
    follow("feed.a").advance(5);
    follow("feed.b").advance(5);
    follow("feed.b").catchingUp(false);
    await turns();
    expect(events().map(([, , id]) => id)).toStrictEqual([at(4), at(5)]);
  });

  it("holds them back while one is repaired that stands last", async () => {
    const { follow, events, network } = fixture({ channels: ["feed.a", "feed.b"], cursor: at(2) });
    const joined = { kind: "joined" as const, source: "ring" as const };
    follow("feed.a").advance(5);
    follow("feed.b").advance(2);
    follow("feed.b").catchingUp(true);
    follow("feed.a").lastJoin.answer({
      ...joined,
      messages: [storedMessage("feed.a", 5)],
      position: { epoch: EPOCH, sequence: 5 },
    });
    follow("feed.b").lastJoin.answer({ ...joined, messages: [], position: { epoch: EPOCH, sequence: 2 } });
    await turns();
    expect(events()).toStrictEqual([]);
    expect(network.parser.lastEventId).toBe(at(2));
    follow("feed.b").message(4);
    follow("feed.b").advance(5);
    follow("feed.b").catchingUp(false);
    await turns();
    expect(events().map(([, , id]) => id)).toStrictEqual([at(4), at(5)]);
  });

  it("tells a reset no later than the id behind it, though a channel is being repaired", async () => {
    const { follow, events } = fixture({ channels: ["feed.a", "feed.b"], cursor: at(2) });
    follow("feed.a").advance(40);
    follow("feed.b").advance(40);
    follow("feed.a").lastJoin.answer({
      kind: "reset",
      reason: "expired",
      position: { epoch: EPOCH, sequence: 40 },
    });
    follow("feed.b").catchingUp(true);
    follow("feed.b").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [],
      position: { epoch: EPOCH, sequence: 40 },
    });
    await turns();
    expect(events()).toStrictEqual([["tidegate.reset", '{"channel":"feed.a","reason":"expired"}', at(40)]]);
  });

  it("reads again what is more than may be held meanwhile", async () => {
    const { context, network, follow, events, stream } = fixture({
      channels: ["feed.a", "feed.b"],
      limits: { outboxBytes: 1_000 },
    });
    await turns();
    follow("feed.b").catchingUp(true);
    const payload = Buffer.alloc(2_000, "x");
    follow("feed.a").message(5, { payload });
    await turns();
    expect(stream.isLagging).toBe(true);
    expect(context.traffic).toMatchObject({ lags: 0, laggingStreams: 1 });
    const joined = { kind: "joined" as const, source: "ring" as const };
    const messages = [storedMessage("feed.a", 5, { payload })];
    follow("feed.a").lastCatchUp.answer({ ...joined, messages, position: { epoch: EPOCH, sequence: 5 } });
    await turns();
    follow("feed.b").lastCatchUp.answer({ ...joined, messages: [], position: { epoch: EPOCH, sequence: 0 } });
    await turns();
    expect(events()).toStrictEqual([]);
    follow("feed.b").message(4);
    follow("feed.b").advance(5);
    follow("feed.b").catchingUp(false);
    await turns();
    expect(events().map(([, , id]) => id)).toStrictEqual([at(4), at(5)]);
    expect(network.ending).toBe("open");
    expect(stream.isLagging).toBe(false);
  });

  it("has a place of each namespace in its ids", async () => {
    const { follow, events } = fixture({ channels: ["feed.a", "more.a", "chat.a"] });
    const more = follow("more.a");
    more.reset("epoch", { epoch: "zzzzzzzz", sequence: 3 });
    await turns();
    follow("feed.a").message(7);
    await turns();
    more.message(4);
    await turns();
    expect(events().slice(-2)).toStrictEqual([
      ["message", "7", `${at(7)}.zzzzzzzz-3`],
      ["message", "4", `${at(7)}.zzzzzzzz-4`],
    ]);
  });

  it("says nothing of replayable channels before all of them stand", async () => {
    const { broker, network, follow } = fixture({ channels: ["feed.a", "more.a"], cursor: at(5) });
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 6)],
      position: { epoch: EPOCH, sequence: 6 },
    });
    await turns();
    expect(network.text).toBe("");
    expect(broker.follows).toHaveLength(2);
    follow("more.a").lastJoin.answer({
      kind: "reset",
      reason: "epoch",
      position: { epoch: "zzzzzzzz", sequence: 3 },
    });
    await turns();
    expect(network.parser.events.map(({ type, lastEventId }) => [type, lastEventId])).toStrictEqual([
      ["message", `${at(6)}.zzzzzzzz-0`],
      ["tidegate.reset", `${at(6)}.zzzzzzzz-0`],
    ]);
  });

  it("mixes in live channels, without ids", async () => {
    const { broker, follow, events } = fixture({ channels: ["feed.a", "chat.a"] });
    await turns();
    follow("feed.a").message(1);
    await turns();
    broker.last.message("hi");
    await turns();
    expect(events()).toStrictEqual([
      ["message", "1", at(1)],
      ["message", "hi", at(1)],
    ]);
  });

  it("reads messages that were fetched ahead of the others only when those are known to be complete", async () => {
    const { network, follow, events, pass } = fixture({ channels: ["feed.a", "feed.b"], cursor: at(5) });
    const joined = { kind: "joined" as const, source: "stream" as const };
    follow("feed.a").advance(6);
    follow("feed.a").lastJoin.answer({ ...joined, messages: [], position: { epoch: EPOCH, sequence: 6 } });
    follow("feed.b").advance(9);
    follow("feed.b").lastJoin.answer({
      ...joined,
      messages: [storedMessage("feed.b", 9)],
      position: { epoch: EPOCH, sequence: 9 },
    });
    await turns();
    expect(events()).toStrictEqual([]);
    expect(network.parser.lastEventId).toBe(at(6));
    expect(follow("feed.a").lastJoin.from).toStrictEqual({ kind: "since", cursor: new Map([[EPOCH, 9]]) });
    follow("feed.a").advance(10);
    pass(200);
    expect(events()).toStrictEqual([["message", "9", at(9)]]);
  });
});

it.each([-3_600_000, 3_000_000])("there are signs of life also when the date is set by %d ms", async (ms) => {
  const { clock, network, pass } = fixture({ ping: { intervalMs: 1_000 } });
  await turns();
  clock.ahead += ms;
  const before = network.parser.comments.length;
  pass(1_200);
  expect(network.parser.comments.length - before).toBe(1);
});

describe("the end of an event stream", () => {
  it("comes when the date says so, however it was set meanwhile", async () => {
    const { clock, pass, network } = fixture({ expiresAt: NOW + 3_600_000, ping: { intervalMs: 1_000 } });
    await turns();
    clock.ahead += 3_000_000;
    pass(599_000);
    expect(network.ending).toBe("open");
    pass(2_000);
    expect(network.ending).toBe("ended");
  });

  it("comes with the token's", async () => {
    const { network, pass, closed, metric } = fixture({ expiresAt: NOW + 5_000 });
    await turns();
    pass(5_100);
    expect(network.ending).toBe("ended");
    expect(network.parser.events).toMatchObject([
      { type: "tidegate.end", data: '{"code":"token_expired","message":"come back with a new token"}' },
    ]);
    expect(closed()).toBe(1);
    expect(await metric('tidegate_closes_total{code="token_expired"}')).toBe(1);
  });

  it("comes when the node leaves, with when to come back", async () => {
    const { network, stream, closed } = fixture();
    await turns();
    stream.drain(740);
    expect(network.parser.retryMs).toBe(740);
    expect(network.parser.events).toMatchObject([{ type: "tidegate.end" }]);
    expect(network.ending).toBe("ended");
    stream.end("draining", "the node is leaving");
    stream.gone();
    expect(closed()).toBe(1);
  });

  it("comes at once at the deadline, even for a client that does not read", async () => {
    const { network, follow, stream, closed } = fixture();
    await turns();
    network.reading = false;
    follow("feed.a").message(1);
    await turns();
    stream.drain(740);
    expect(closed()).toBe(0);
    stream.end("draining", "the node is leaving");
    expect(network.ending).toBe("cut");
    expect(closed()).toBe(1);
  });

  it("comes with the loss of a channel", async () => {
    const { network, follow, closed } = fixture();
    await turns();
    follow("feed.a").lose("unavailable");
    expect(network.parser.events).toMatchObject([
      { type: "tidegate.end", data: expect.stringContaining("broker_unavailable") },
    ]);
    expect(network.ending).toBe("ended");
    expect(closed()).toBe(1);
  });

  it("gives up all channels", async () => {
    const { broker, stream, context } = fixture({ channels: ["feed.a", "feed.b", "chat.a"] });
    await turns();
    stream.gone();
    expect(context.hub.size).toBe(0);
    expect([...broker.follows, ...broker.subscriptions].map(({ closes }) => closes)).toStrictEqual([1, 1, 1]);
  });

  it("comes when one of the channels cannot be had", async () => {
    const { network, follow, closed, context } = fixture({ channels: ["feed.a", "feed.b"], cursor: at(5) });
    follow("feed.a").lastJoin.answer({
      kind: "failed",
      error: new BrokerError("denied", "refused by the test"),
    });
    await turns();
    expect(network.parser.events).toMatchObject([{ data: expect.stringContaining("forbidden") }]);
    expect(closed()).toBe(1);
    expect(context.hub.size).toBe(0);
    expect(follow("feed.b").lastJoin.signal?.aborted).toBe(true);
  });
});
