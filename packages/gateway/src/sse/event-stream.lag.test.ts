import { BrokerError } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { at, fixture } from "../../testing/event-stream-fixture.ts";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { turns } from "../../testing/turns.ts";

const payload = Buffer.alloc(3_000, "x");

/** A stream whose client takes nothing of so many messages, which are more than may wait. */
async function behind(count: number, limits: NonNullable<Parameters<typeof fixture>[0]>["limits"] = {}) {
  const begun = fixture({ limits: { outboxBytes: 5_000, ...limits } });
  const { network, follow, stream } = begun;
  await turns();
  network.reading = false;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    follow("feed.a").message(sequence, { payload });
    await turns();
  }
  const read = async (): Promise<void> => {
    network.reading = true;
    stream.writable();
    await turns();
  };
  return { ...begun, read };
}

describe("an event stream whose client reads too slowly", () => {
  it("catches up piece by piece once the client has read, and goes on right behind", async () => {
    const { context, follow, stream, read, events, metric } = await behind(5);
    expect(follow("feed.a").catchUps).toHaveLength(0);
    expect(stream.isLagging).toBe(true);
    expect(context.traffic).toMatchObject({ lags: 1, laggingStreams: 1 });
    await read();
    const { place, answer } = follow("feed.a").lastCatchUp;
    expect(place).toStrictEqual({ epoch: EPOCH, sequence: 2 });
    const messages = [storedMessage("feed.a", 3, { payload }), storedMessage("feed.a", 4, { payload })];
    answer({ kind: "more", source: "stream", messages, position: { epoch: EPOCH, sequence: 4 } });
    await turns();
    follow("feed.a").message(6);
    follow("feed.a").lastCatchUp.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 5), storedMessage("feed.a", 6)],
      position: { epoch: EPOCH, sequence: 6 },
    });
    follow("feed.a").message(7);
    await turns();
    expect(events().map(([type, , id]) => [type, id])).toStrictEqual(
      [1, 2, 3, 4, 5, 6, 7].map((sequence) => ["message", at(sequence)]),
    );
    expect(stream.isLagging).toBe(false);
    expect(context.traffic.laggingStreams).toBe(0);
    expect(await metric('tidegate_catch_ups_total{outcome="stream"}')).toBe(1);
  });

  it("lags anew each time that too much waits, also before it has caught up", async () => {
    const { context, network, follow, read } = await behind(4);
    expect(context.traffic).toMatchObject({ lags: 1, laggingStreams: 1 });
    await read();
    network.reading = false;
    const piece = { source: "stream" as const, position: { epoch: EPOCH, sequence: 4 } };
    const messages = [3, 4].map((sequence) => storedMessage("feed.a", sequence, { payload }));
    follow("feed.a").lastCatchUp.answer({ ...piece, kind: "more", messages });
    await turns();
    expect(context.traffic).toMatchObject({ lags: 2, laggingStreams: 1 });
    await read();
    follow("feed.a").lastCatchUp.answer({ ...piece, kind: "joined", messages: [] });
    await turns();
    expect(context.traffic).toMatchObject({ lags: 2, laggingStreams: 0 });
  });

  it("takes up catching up again where reading failed", async () => {
    const { follow, stream, read, pass } = await behind(3);
    await read();
    const error = new BrokerError("unavailable", "refused by the test");
    follow("feed.a").lastCatchUp.answer({ kind: "failed", error });
    await turns();
    expect(follow("feed.a").catchUps).toHaveLength(1);
    pass(1_100);
    await turns();
    expect(follow("feed.a").catchUps).toHaveLength(2);
    expect(stream.isLagging).toBe(true);
  });

  it.each([
    ["reads too little of what waits", 60_000],
    ["does not catch up", 15_000],
  ])("ends without a reset, for the client to resume, when it %s in time", async (_what, laggingMs) => {
    const limits = { laggingMs, catchUpMs: 75_000 - laggingMs };
    const { network, stream, closed, pass, metric } = await behind(5, limits);
    pass(10_000);
    // Something gets through, but too little.
    stream.writable();
    pass(6_000);
    network.reading = true;
    stream.writable();
    expect(network.ending).toBe("ended");
    expect(network.parser.events.map(({ type, lastEventId }) => [type, lastEventId])).toStrictEqual([
      ["message", at(1)],
      ["message", at(2)],
      ["tidegate.end", at(2)],
    ]);
    expect(network.parser.retryMs).toBe(1_500);
    expect(closed()).toBe(1);
    expect(await metric('tidegate_closes_total{code="slow_consumer"}')).toBe(1);
  });

  it("is cut when it does not read that in time", async () => {
    const { network, closed, pass } = await behind(5, { laggingMs: 15_000 });
    pass(14_000);
    expect(network.ending).toBe("open");
    pass(1_500);
    expect(network.ending).toBe("cut");
    expect(closed()).toBe(1);
  });

  it("is cut when nothing moves for too long, however little waits", async () => {
    const { network, follow, stream, pass, metric } = fixture({ limits: { laggingMs: 15_000 } });
    await turns();
    network.reading = false;
    follow("feed.a").message(1);
    await turns();
    pass(10_000);
    stream.writable();
    pass(14_000);
    expect(network.ending).toBe("open");
    pass(1_500);
    expect(network.ending).toBe("cut");
    expect(await metric('tidegate_closes_total{code="slow_consumer"}')).toBe(1);
  });

  it("misses live messages, and is told how many when there is room again", async () => {
    const { broker, context, network, stream } = fixture({
      channels: ["chat.a"],
      limits: { outboxBytes: 5_000 },
    });
    await turns();
    network.reading = false;
    for (let count = 0; count < 6; count += 1) {
      broker.last.message("x".repeat(3_000));
      await turns();
    }
    expect(context.traffic.messagesMissed).toBe(4);
    network.reading = true;
    stream.writable();
    broker.last.message("again");
    await turns();
    const { events } = network.parser;
    expect(events.slice(-2).map(({ type, data }) => [type, data])).toStrictEqual([
      ["tidegate.missed", '{"missed":4}'],
      ["message", "again"],
    ]);
    expect(events).toHaveLength(4);
  });

  it("gets a long replay whole, and catches up with what came meanwhile", async () => {
    const { network, follow, stream } = fixture({ cursor: at(0), limits: { outboxBytes: 2_000 } });
    network.reading = false;
    const messages = Array.from({ length: 10 }, (_, index) =>
      storedMessage("feed.a", index + 1, { payload: payload.subarray(0, 300) }),
    );
    follow("feed.a").advance(10);
    follow("feed.a").lastJoin.answer({
      kind: "joined",
      source: "ring",
      messages,
      position: { epoch: EPOCH, sequence: 10 },
    });
    await turns();
    follow("feed.a").message(11);
    await turns();
    network.reading = true;
    stream.writable();
    await turns();
    follow("feed.a").lastCatchUp.answer({
      kind: "joined",
      source: "ring",
      messages: [storedMessage("feed.a", 11)],
      position: { epoch: EPOCH, sequence: 11 },
    });
    expect(network.ending).toBe("open");
    expect(network.parser.events.map(({ lastEventId }) => lastEventId)).toStrictEqual(
      Array.from({ length: 11 }, (_, index) => at(index + 1)),
    );
  });
});
