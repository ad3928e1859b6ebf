import { BrokerError } from "@tidegate/broker";
import { decodeCursor, encodePosition } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { EPOCH, type FakeFollow, storedMessage } from "../../testing/fake-follow.ts";
import {
  type FakeNode,
  type FakeNodeOptions,
  fakeNode,
  identity,
  NOW,
  POLICIES,
} from "../../testing/fake-node.ts";
import { turns } from "../../testing/turns.ts";
import { Poll, type PollOutcome, type PollWish } from "./poll.ts";

interface Fixture extends FakeNode {
  readonly poll: Poll;
  readonly outcomes: (PollOutcome | undefined)[];
  follow(channel: string): FakeFollow;
  /** The one answer, read. */
  answer(): Record<string, unknown>;
}

interface Options extends FakeNodeOptions {
  readonly channels?: readonly string[];
  readonly cursor?: string;
  readonly timeoutMs?: number;
  readonly limit?: number;
  readonly expiresAt?: number;
}

function policies(): typeof POLICIES {
  const feed = POLICIES.get("feed");
  return feed === undefined ? POLICIES : new Map([...POLICIES, ["more", feed]]);
}

function fixture(options: Options = {}): Fixture {
  const { channels = ["feed.a"], cursor, timeoutMs = 25_000, limit = 100, expiresAt, ...rest } = options;
  const node = fakeNode({ policies: policies(), ...rest });
  const outcomes: (PollOutcome | undefined)[] = [];
  const wish: PollWish = {
    channels,
    cursor: cursor === undefined ? undefined : { text: cursor, places: decodeCursor(cursor) ?? new Map() },
    timeoutMs,
    limit,
  };
  const principal = identity(expiresAt === undefined ? {} : { expiresAt });
  const poll = new Poll(node.context, principal, wish, (_poll, outcome) => outcomes.push(outcome));
  poll.begin();
  const follow = (channel: string): FakeFollow => {
    const found = node.broker.follows.find(({ target }) => target === channel);
    if (found === undefined) {
      throw new TypeError(`${channel} is not followed`);
    }
    return found;
  };
  const answer = (): Record<string, unknown> => {
    const [outcome] = outcomes;
    if (outcomes.length !== 1 || outcome?.kind !== "answer") {
      throw new TypeError(`there are ${outcomes.length} outcomes`);
    }
    return { ...(JSON.parse(`{${outcome.news}}`) as object), cursor: outcome.cursor };
  };
  return { ...node, poll, outcomes, follow, answer };
}

const at = (sequence: number): string => encodePosition({ epoch: EPOCH, sequence });
const item = (sequence: number, channel = "feed.a"): object => ({
  channel,
  data: sequence,
  cursor: at(sequence),
  time: 1_700_000_000_000 + sequence,
});

describe("a poll", () => {
  it("without a cursor and without time tells where now is", async () => {
    const { follow, answer, context } = fixture({ timeoutMs: 0 });
    expect(context.hub.holders).toBe(1);
    follow("feed.a").advance(40);
    await turns();
    expect(answer()).toStrictEqual({ messages: [], cursor: at(40) });
    expect([context.hub.size, context.hub.holders]).toStrictEqual([0, 0]);
  });

  it("brings what lies behind its cursor at once", async () => {
    const { follow, answer } = fixture({ cursor: at(5) });
    follow("feed.a").advance(9);
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 6), storedMessage("feed.a", 9)],
      position: { epoch: EPOCH, sequence: 9 },
    });
    await turns();
    expect(answer()).toStrictEqual({ messages: [item(6), item(9)], cursor: at(9) });
  });

  it("waits where there is nothing, and is answered by all that comes in one turn", async () => {
    const { follow, answer, outcomes } = fixture();
    await turns();
    expect(outcomes).toStrictEqual([]);
    follow("feed.a").message(7);
    follow("feed.a").message(8);
    await turns();
    expect(answer()).toStrictEqual({ messages: [item(7), item(8)], cursor: at(8) });
  });

  it("is answered after its time with where its channels are", async () => {
    const { follow, answer, outcomes, pass } = fixture({ timeoutMs: 3_000 });
    await turns();
    follow("feed.a").advance(12);
    pass(2_900);
    expect(outcomes).toStrictEqual([]);
    pass(300);
    expect(answer()).toStrictEqual({ messages: [], cursor: at(12) });
  });

  it("holds no more messages than it asks for, and its cursor is behind the last of them", async () => {
    const { follow, answer } = fixture({ cursor: at(0), limit: 2 });
    follow("feed.a").advance(9);
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [3, 5, 9].map((sequence) => storedMessage("feed.a", sequence)),
      position: { epoch: EPOCH, sequence: 9 },
    });
    await turns();
    expect(answer()).toStrictEqual({ messages: [item(3), item(5)], cursor: at(5) });
  });

  it("holds no more bytes than a page", async () => {
    const { follow, answer } = fixture({ cursor: at(0), limits: { pageBytes: 2_000, replayBytes: 10_000 } });
    const payload = Buffer.from(`"${"x".repeat(800)}"`);
    follow("feed.a").advance(9);
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [3, 5, 9].map((sequence) => storedMessage("feed.a", sequence, { payload })),
      position: { epoch: EPOCH, sequence: 9 },
    });
    await turns();
    expect(answer()).toMatchObject({ messages: [{ cursor: at(3) }, { cursor: at(5) }], cursor: at(5) });
  });

  it("brings the messages of several channels in the order of their store, and cuts that", async () => {
    const { follow, answer } = fixture({ channels: ["feed.a", "feed.b"], cursor: at(0), limit: 3 });
    for (const [channel, sequences] of [
      ["feed.a", [1, 4]],
      ["feed.b", [2, 3]],
    ] as const) {
      follow(channel).advance(5);
      follow(channel).lastJoin.answer({
        kind: "joined",
        source: "ring",
        messages: sequences.map((sequence) => storedMessage(channel, sequence)),
        position: { epoch: EPOCH, sequence: 5 },
      });
    }
    await turns();
    expect(answer()).toStrictEqual({
      messages: [item(1), item(2, "feed.b"), item(3, "feed.b")],
      cursor: at(3),
    });
  });

  it("leaves a namespace of which nothing fits where it was", async () => {
    const cursor = `${at(5)}.zzzzzzzz-1`;
    const { follow, answer } = fixture({ channels: ["feed.a", "more.a"], cursor, limit: 1 });
    follow("feed.a").advance(6);
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 6)],
      position: { epoch: EPOCH, sequence: 6 },
    });
    const more = follow("more.a");
    more.position = { epoch: "zzzzzzzz", sequence: 9 };
    more.lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("more.a", 9)],
      position: { epoch: "zzzzzzzz", sequence: 9 },
    });
    await turns();
    expect(answer()).toStrictEqual({ messages: [item(6)], cursor: `${at(6)}.zzzzzzzz-8` });
  });

  it("tells a reset, before what follows", async () => {
    const { follow, answer } = fixture({ cursor: at(5) });
    follow("feed.a").advance(40);
    follow("feed.a").lastJoin.answer({
      kind: "reset",
      reason: "expired",
      position: { epoch: EPOCH, sequence: 40 },
    });
    await turns();
    expect(answer()).toStrictEqual({
      messages: [],
      reset: [{ channel: "feed.a", reason: "expired" }],
      cursor: at(40),
    });
  });

  it("brings live messages that come while it waits", async () => {
    const { broker, answer } = fixture({ channels: ["chat.a"] });
    await turns();
    broker.last.message("hi");
    await turns();
    expect(answer()).toStrictEqual({
      messages: [{ channel: "chat.a", data: "hi", encoding: "text", time: NOW }],
      cursor: undefined,
    });
  });

  it("waits for what is being repaired", async () => {
    const { follow, answer, outcomes } = fixture({ channels: ["feed.a", "feed.b"] });
    await turns();
    follow("feed.b").catchingUp(true);
    follow("feed.a").message(5);
    await turns();
    expect(outcomes).toStrictEqual([]);
    follow("feed.b").message(4);
    follow("feed.a").advance(5);
    follow("feed.b").advance(5);
    follow("feed.b").catchingUp(false);
    await turns();
    expect(answer()).toMatchObject({ messages: [{ cursor: at(4) }, { cursor: at(5) }], cursor: at(5) });
  });

  it("is answered with what there is when the node leaves", async () => {
    const { poll, answer, context } = fixture({ cursor: at(5) });
    poll.drain();
    expect(answer()).toStrictEqual({ messages: [], cursor: at(5) });
    expect(context.hub.size).toBe(0);
    poll.end();
    poll.abort();
  });

  it("is answered when the token expires, at the latest", async () => {
    const { outcomes, pass } = fixture({ expiresAt: NOW + 1_000 });
    await turns();
    pass(1_200);
    expect(outcomes).toHaveLength(1);
  });

  it("that is given up leaves nothing behind", async () => {
    const { poll, outcomes, context, broker } = fixture({ channels: ["feed.a", "chat.a"], cursor: at(5) });
    poll.abort();
    expect(outcomes).toStrictEqual([undefined]);
    expect(context.hub.size).toBe(0);
    expect(broker.follows[0]?.lastJoin.signal?.aborted).toBe(true);
  });

  it.each([
    ["denied", "forbidden"],
    ["stream_missing", "history_unavailable"],
    ["unavailable", "broker_unavailable"],
  ] as const)("fails when the broker says %s", async (code, problem) => {
    const { follow, outcomes } = fixture({ cursor: at(5) });
    follow("feed.a").lastJoin.answer({ kind: "failed", error: new BrokerError(code, "refused by the test") });
    await turns();
    expect(outcomes).toMatchObject([{ kind: "problem", problem: { code: problem } }]);
  });

  it("fails when it cannot be found out in time where now is", async () => {
    const { outcomes, pass, follow } = fixture({
      channels: ["feed.a", "feed.b"],
      cursor: at(5),
      timeoutMs: 0,
    });
    expect(follow("feed.a").joins).toHaveLength(1);
    pass(10_200);
    expect(outcomes).toMatchObject([{ kind: "answer", news: '"messages":[]', cursor: at(5) }]);
  });
});
