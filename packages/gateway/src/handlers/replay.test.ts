import { BrokerError, type Joined } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { grants, identity } from "../../testing/fake-node.ts";
import { type HandlerFixture, handlerFixture } from "../../testing/handler-fixture.ts";
import { turns } from "../../testing/turns.ts";

const HERE = { epoch: EPOCH, sequence: 100 };
const RESUMED: Joined = {
  kind: "joined",
  source: "ring",
  messages: [storedMessage("feed.a", 90), storedMessage("feed.a", 95)],
  position: HERE,
};

function subscribe(extra: object = {}): Readonly<Record<string, unknown>> {
  return { type: "subscribe", id: 1, channel: "feed.a", ...extra };
}

/** Subscribes, and answers the wish to join. */
async function joined(
  fixture: HandlerFixture,
  extra: object,
  outcome: Joined,
): Promise<Awaited<ReturnType<HandlerFixture["send"]>>> {
  const answer = fixture.send(subscribe(extra));
  fixture.broker.lastFollow.lastJoin.answer(outcome);
  return answer;
}

describe("subscribe to a replayable channel", () => {
  it("begins now, and says where", async () => {
    const fixture = handlerFixture();
    const answer = fixture.send(subscribe());
    expect(fixture.broker.lastFollow.lastJoin.from).toStrictEqual({ kind: "now" });
    expect(await answer).toStrictEqual({
      type: "subscribed",
      id: 1,
      channel: "feed.a",
      cursor: `${EPOCH}-0`,
    });
    fixture.broker.lastFollow.message(1);
    await turns();
    expect(fixture.session.delivered.map(({ sequence }) => sequence)).toStrictEqual([1]);
  });

  it("resumes: says so, where it begins, then replays, then goes on", async () => {
    const fixture = handlerFixture();
    const answer = await joined(fixture, { since: `${EPOCH}-2a` }, RESUMED);
    expect(fixture.broker.lastFollow.lastJoin.from).toStrictEqual({
      kind: "since",
      cursor: new Map([[EPOCH, 82]]),
    });
    // Before what is replayed, or a connection that breaks in between would lose it.
    expect(answer).toStrictEqual({
      type: "subscribed",
      id: 1,
      channel: "feed.a",
      cursor: `${EPOCH}-2h`,
      resumed: true,
    });
    expect(fixture.session.delivered.map(({ sequence }) => sequence)).toStrictEqual([90, 95]);
    fixture.broker.lastFollow.message(101);
    await turns();
    expect(fixture.session.delivered.map(({ sequence }) => sequence)).toStrictEqual([90, 95, 101]);
    expect(await fixture.metric('tidegate_resumes_total{outcome="ring"}')).toBe(1);
  });

  it("says where it stands when nothing has to be replayed", async () => {
    const fixture = handlerFixture();
    const outcome: Joined = { kind: "joined", source: "none", messages: [], position: HERE };
    expect(await joined(fixture, { since: `${EPOCH}-2s` }, outcome)).toMatchObject({
      cursor: `${EPOCH}-2s`,
      resumed: true,
    });
  });

  it("says that it could not resume, and why, and goes on from there", async () => {
    const fixture = handlerFixture();
    const outcome: Joined = { kind: "reset", reason: "expired", position: HERE };
    await joined(fixture, { since: `${EPOCH}-1` }, outcome);
    const cursor = `${EPOCH}-2s`;
    expect(fixture.session.notices).toStrictEqual([
      { type: "subscribed", id: 1, channel: "feed.a", cursor, resumed: false },
      { type: "reset", channel: "feed.a", cursor, reason: "expired" },
    ]);
    fixture.broker.lastFollow.message(101);
    await turns();
    expect(fixture.session.delivered.map(({ sequence }) => sequence)).toStrictEqual([101]);
    expect(await fixture.metric('tidegate_resumes_total{outcome="reset"}')).toBe(1);
    expect(await fixture.metric('tidegate_resets_total{reason="expired"}')).toBe(1);
  });

  it("replays the last messages to who may read history", async () => {
    const fixture = handlerFixture();
    const answer = await joined(fixture, { replay: 2 }, RESUMED);
    expect(fixture.broker.lastFollow.lastJoin.from).toStrictEqual({ kind: "last", count: 2 });
    expect(answer).toStrictEqual({ type: "subscribed", id: 1, channel: "feed.a", cursor: `${EPOCH}-2h` });
    expect(fixture.session.delivered).toHaveLength(2);
  });

  it.each([
    ["a cursor that is none", { since: "what?" }, "cursor_invalid"],
    ["an empty cursor", { since: "" }, "cursor_invalid"],
    ["both", { since: `${EPOCH}-1`, replay: 1 }, "invalid_field"],
    ["a replay of a pattern", { channel: "feed.*", replay: 1 }, "invalid_field"],
    ["to resume a live channel", { channel: "chat.a", since: `${EPOCH}-1` }, "not_replayable"],
    ["to replay a live channel", { channel: "chat.a", replay: 1 }, "not_replayable"],
    ["what is for nodes alone", { channel: "feed._tick" }, "forbidden"],
    ["what is behind it", { channel: "feed._tick.>" }, "forbidden"],
  ])("refuses %s", async (_what, extra, code) => {
    const { session, context, send } = handlerFixture();
    expect(await send(subscribe(extra))).toMatchObject({ type: "error", id: 1, code });
    expect([session.subscriptions.size, context.hub.size]).toStrictEqual([0, 0]);
  });

  it("replays nothing to who may not read history, but resumes", async () => {
    const fixture = handlerFixture();
    fixture.session.principal = identity({ grants: grants({ subscribe: ["feed.>"] }) });
    expect(await fixture.send(subscribe({ replay: 1 }))).toMatchObject({ code: "forbidden" });
    expect(await joined(fixture, { since: `${EPOCH}-1` }, RESUMED)).toMatchObject({ resumed: true });
  });

  it("resumes a pattern", async () => {
    const fixture = handlerFixture();
    await joined(fixture, { channel: "feed.*", since: `${EPOCH}-1` }, RESUMED);
    fixture.broker.lastFollow.message(101, { channel: "feed.b" });
    fixture.broker.lastFollow.message(102, { channel: "feed._tick" });
    await turns();
    expect(fixture.session.delivered.map(({ sequence }) => sequence)).toStrictEqual([90, 95, 101]);
  });

  it.each([
    ["denied", "forbidden"],
    ["stream_missing", "history_unavailable"],
    ["unavailable", "broker_unavailable"],
  ] as const)("gives the slot back when the broker fails: %s", async (failure, code) => {
    const fixture = handlerFixture();
    const { session, context } = fixture;
    const error = new BrokerError(failure, "in the test");
    const answer = await joined(fixture, { since: `${EPOCH}-1` }, { kind: "failed", error });
    expect(answer).toMatchObject({ type: "error", id: 1, code, channel: "feed.a" });
    expect([session.subscriptions.size, context.hub.size]).toStrictEqual([0, 0]);
    expect(await fixture.metric('tidegate_resumes_total{outcome="failed"}')).toBe(1);
  });

  it("is answered once, and calls the reading off, when it is given up before", async () => {
    const { broker, send } = handlerFixture();
    const subscribing = send(subscribe({ since: `${EPOCH}-1` }));
    expect(await send({ type: "unsubscribe", id: 2, channel: "feed.a" })).toMatchObject({
      type: "unsubscribed",
    });
    expect(broker.lastFollow.lastJoin.signal?.aborted).toBe(true);
    expect(await subscribing).toMatchObject({ type: "error", id: 1, code: "not_subscribed" });
    expect(broker.lastFollow.closes).toBe(1);
  });

  it("is answered when the tail ends before, and when it ends the seat is lost", async () => {
    const { broker, session, send } = handlerFixture();
    await send(subscribe());
    const waiting = send({ type: "subscribe", id: 2, channel: "feed.b", since: `${EPOCH}-1` });
    broker.lastFollow.lose("unavailable");
    expect(await waiting).toMatchObject({ type: "error", id: 2, code: "broker_unavailable" });
    broker.follows[0]?.lose("stream_unfit");
    expect(session.lost.map(({ name, error }) => [name, error.code])).toStrictEqual([
      ["feed.a", "stream_unfit"],
    ]);
    expect(session.subscriptions.size).toBe(0);
  });

  it("shares the frames of what is replayed", async () => {
    const fixture = handlerFixture();
    await joined(fixture, { since: `${EPOCH}-1` }, RESUMED);
    await fixture.send({ type: "unsubscribe", id: 2, channel: "feed.a" });
    const again = fixture.send(subscribe({ id: 3, since: `${EPOCH}-1` }));
    fixture.broker.lastFollow.lastJoin.answer(RESUMED);
    await again;
    const [first, , third] = fixture.session.delivered;
    expect(third).toBe(first);
  });
});

describe("publish to a replayable channel", () => {
  const PUBLISH = { type: "publish", id: 1, channel: "feed.a", data: { n: 1 } } as const;

  it("is answered when the store has it, with its cursor", async () => {
    const { broker, session, send, metric } = handlerFixture();
    const answer = send({ ...PUBLISH, event: "said" });
    expect(broker.stores).toMatchObject([
      {
        channel: "feed.a",
        payload: Buffer.from('{"n":1}'),
        options: { event: "said", identity: session.publisher, key: undefined, trace: undefined },
      },
    ]);
    broker.stores[0]?.answer({ kind: "stored", position: HERE, duplicate: false });
    expect(await answer).toStrictEqual({ type: "ok", id: 1, cursor: `${EPOCH}-2s` });
    expect(broker.published).toStrictEqual([]);
    expect(await metric('tidegate_publishes_total{outcome="ok"}')).toBe(1);
    expect(await metric("tidegate_store_seconds_count")).toBe(1);
  });

  it("says that a key was used before", async () => {
    const { broker, send } = handlerFixture();
    const answer = send({ ...PUBLISH, key: "k" });
    broker.stores[0]?.answer({ kind: "stored", position: HERE, duplicate: true });
    expect(await answer).toStrictEqual({ type: "ok", id: 1, cursor: `${EPOCH}-2s`, duplicate: true });
  });

  it("keeps the keys of users and channels apart", () => {
    const { broker, session, send } = handlerFixture();
    const keyOf = (channel: string, key: string, user: string | undefined): string | undefined => {
      const everything = grants({ publish: ["feed.>"] });
      session.principal = identity({ user: user ?? "nobody", grants: everything });
      void send({ ...PUBLISH, channel, key });
      return broker.stores.at(-1)?.options.key;
    };
    const same = keyOf("feed.a", "k", "ada");
    expect(keyOf("feed.a", "k", "ada")).toBe(same);
    const others = [
      keyOf("feed.b", "k", "ada"),
      keyOf("feed.a", "l", "ada"),
      keyOf("feed.a", "k", "bob"),
      keyOf("feed.a", "k", "anonymous"),
      same,
    ];
    expect(new Set(others).size).toBe(5);
    for (const key of others) {
      expect(key).toMatch(/^key-[\w-]{43}$/);
    }
  });

  it.each([
    [{ kind: "unconfirmed" }, "unconfirmed", true, "unconfirmed"],
    [{ kind: "unavailable", message: "no leader" }, "history_unavailable", true, "history_unavailable"],
    [{ kind: "busy" }, "broker_unavailable", true, "broker_unavailable"],
    [{ kind: "too_large" }, "payload_too_large", false, "refused"],
    [{ kind: "denied" }, "forbidden", false, "refused"],
  ] as const)("says what keeps the store from taking it: %j", async (outcome, code, retryable, counted) => {
    const { broker, send, metric } = handlerFixture();
    const answer = send(PUBLISH);
    broker.stores[0]?.answer(outcome);
    expect(await answer).toMatchObject({ type: "error", id: 1, code, retryable });
    expect(await metric(`tidegate_publishes_total{outcome="${counted}"}`)).toBe(1);
  });

  it("blames the link where there is none", async () => {
    const { broker, send } = handlerFixture();
    broker.state = "disconnected";
    const answer = send(PUBLISH);
    broker.stores[0]?.answer({ kind: "unavailable", message: "no connection" });
    expect(await answer).toMatchObject({ code: "broker_unavailable" });
  });

  it("is refused while the node leaves, and on the channel of the tick", async () => {
    const { broker, session, send } = handlerFixture();
    expect(await send({ ...PUBLISH, channel: "feed._tick" })).toMatchObject({ code: "forbidden" });
    session.isLeaving = true;
    expect(await send(PUBLISH)).toMatchObject({ code: "broker_unavailable" });
    expect(broker.stores).toStrictEqual([]);
  });
});
