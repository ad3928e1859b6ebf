import { BrokerError, type HistoryPage, type StoredMessage } from "@tidegate/broker";
import { describe, expect, it } from "vitest";
import { EPOCH, storedMessage } from "../../testing/fake-follow.ts";
import { grants, identity } from "../../testing/fake-node.ts";
import { bodyOf, type HandlerFixture, handlerFixture } from "../../testing/handler-fixture.ts";
import { turns } from "../../testing/turns.ts";

const OTHER_EPOCH = "zzzzzzzz";

function ask(extra: object = {}): Readonly<Record<string, unknown>> {
  return { type: "history", id: 1, channel: "feed.a", ...extra };
}

function page(
  sequences: readonly number[],
  extra: Partial<HistoryPage & { kind: "page" }> = {},
  message: Partial<StoredMessage> = {},
): HistoryPage {
  return {
    kind: "page",
    messages: sequences.map((sequence) => storedMessage("feed.a", sequence, message)),
    more: false,
    newer: { epoch: EPOCH, sequence: 100 },
    reset: undefined,
    ...extra,
  };
}

/** Asks, gives the answers of the broker one after the other, and returns what it was asked and what the client gets. */
async function reading(
  { broker, send }: HandlerFixture,
  extra: object,
  ...pages: readonly HistoryPage[]
): Promise<{ readonly requests: readonly object[]; readonly answer: unknown }> {
  const answering = send(ask(extra));
  for (const [index, next] of pages.entries()) {
    await turns(1);
    broker.pageReads[index]?.answer(next);
  }
  const answer = bodyOf(await answering);
  return { requests: broker.pageReads.map(({ request }) => request), answer };
}

const cursor = (sequence: number, epoch = EPOCH): string => `${epoch}-${sequence.toString(36)}`;

describe("history", () => {
  it("answers with the newest page", async () => {
    const fixture = handlerFixture();
    const { requests, answer } = await reading(fixture, {}, page([90, 95], { more: true }));
    expect(requests).toStrictEqual([{ before: undefined, after: undefined, limit: 100, maxBytes: 4_096 }]);
    expect(answer).toStrictEqual({
      type: "page",
      id: 1,
      channel: "feed.a",
      messages: [90, 95].map((sequence) => ({
        channel: "feed.a",
        cursor: cursor(sequence),
        time: 1_700_000_000_000 + sequence,
        data: sequence,
      })),
      more: true,
      older: cursor(90),
      newer: cursor(100),
    });
    expect(await fixture.metric('tidegate_history_reads_total{outcome="page"}')).toBe(1);
  });

  it("reads in both directions from a cursor, of which it takes the part of this namespace", async () => {
    const vector = `00000000-1.${cursor(50)}`;
    const { requests: back } = await reading(handlerFixture(), { before: vector, limit: 5 }, page([49]));
    expect(back).toMatchObject([{ before: 50, after: undefined, limit: 5 }]);
    const { requests: forth } = await reading(handlerFixture(), { after: vector }, page([51]));
    expect(forth).toMatchObject([{ before: undefined, after: 50 }]);
  });

  it("says where to go on when there is nothing", async () => {
    const { answer } = await reading(handlerFixture(), { after: cursor(100) }, page([]));
    expect(answer).toStrictEqual({
      type: "page",
      id: 1,
      channel: "feed.a",
      messages: [],
      more: false,
      newer: cursor(100),
    });
  });

  it("passes on that something may be missing", async () => {
    const expired = page([90], { reset: "expired" });
    const { answer } = await reading(handlerFixture(), { after: cursor(1) }, expired);
    expect(answer).toMatchObject({ reset: "expired", older: cursor(90) });
  });

  it.each([
    ["of another epoch", cursor(50, OTHER_EPOCH)],
    ["without an entry for the namespace", cursor(1, "00000000")],
  ])("counts a cursor %s as none, and says so", async (_what, foreign) => {
    const { requests: back, answer: newest } = await reading(
      handlerFixture(),
      { before: foreign },
      page([95]),
    );
    expect(back).toMatchObject([{ before: undefined, after: undefined }]);
    expect(newest).toMatchObject({ reset: "epoch" });
    const oldest = page([10], { reset: "expired" });
    const { requests: forth, answer } = await reading(handlerFixture(), { after: foreign }, oldest);
    expect(forth).toMatchObject([{ before: undefined, after: 0 }]);
    expect(answer).toMatchObject({ reset: "epoch" });
  });

  it("counts a cursor beyond the end as none, and says so", async () => {
    const end = page([], { newer: { epoch: EPOCH, sequence: 40 }, reset: "future" });
    const { requests, answer } = await reading(handlerFixture(), { after: cursor(50) }, end, page([10]));
    expect(requests).toMatchObject([{ after: 50 }, { after: 0 }]);
    expect(answer).toMatchObject({ reset: "future", messages: [{ data: 10 }] });
    const newest = page([40], { newer: { epoch: EPOCH, sequence: 40 } });
    const { requests: back, answer: last } = await reading(
      handlerFixture(),
      { before: cursor(50) },
      newest,
      newest,
    );
    expect(back).toMatchObject([{ before: 50 }, { before: undefined, after: undefined }]);
    expect(last).toMatchObject({ reset: "future" });
  });

  it("reads again when the page is of another epoch than was known", async () => {
    const fixture = handlerFixture();
    fixture.broker.epoch = undefined;
    const { requests, answer } = await reading(fixture, { after: cursor(50) }, page([10]), page([51]));
    expect(requests).toMatchObject([{ after: 0 }, { after: 50 }]);
    expect(answer).toMatchObject({ messages: [{ data: 51 }] });
    expect(answer).not.toHaveProperty("reset");
    const renewed = page([3], { newer: { epoch: OTHER_EPOCH, sequence: 3 } });
    const { requests: again, answer: reset } = await reading(
      handlerFixture(),
      { after: cursor(50) },
      renewed,
      renewed,
    );
    expect(again).toMatchObject([{ after: 50 }, { after: 0 }]);
    expect(reset).toMatchObject({ reset: "epoch", older: cursor(3, OTHER_EPOCH) });
  });

  it("ends a page before it is too large, at the far end of where reading began", async () => {
    const large = { payload: Buffer.from(JSON.stringify("x".repeat(1_200))) };
    const found = page([91, 92, 93, 94, 95], {}, large);
    const { answer: back } = await reading(handlerFixture(), { before: cursor(96) }, found);
    expect(back).toMatchObject({
      messages: [{ cursor: cursor(93) }, { cursor: cursor(94) }, { cursor: cursor(95) }],
      more: true,
      older: cursor(93),
      newer: cursor(100),
    });
    const { answer: forth } = await reading(handlerFixture(), { after: cursor(90) }, found);
    expect(forth).toMatchObject({
      messages: [{ cursor: cursor(91) }, { cursor: cursor(92) }, { cursor: cursor(93) }],
      more: true,
      newer: cursor(93),
    });
  });

  it("holds one message, however large", async () => {
    const huge = page([90], {}, { payload: Buffer.from(JSON.stringify("x".repeat(9_000))) });
    const { answer } = await reading(handlerFixture(), {}, huge);
    expect(answer).toMatchObject({ messages: [{ cursor: cursor(90) }], more: false });
  });

  it("gives bytes that are not UTF-8 as base64", async () => {
    const { answer } = await reading(handlerFixture(), {}, page([90], {}, { payload: Buffer.from([0xff]) }));
    expect(answer).toMatchObject({ messages: [{ data: "/w==", encoding: "base64" }] });
  });

  it.each([
    ["a pattern", { channel: "feed.*" }, "channel_invalid"],
    ["a channel without a grant", { channel: "chat.a" }, "forbidden"],
    ["the channel of the tick", { channel: "feed._tick" }, "forbidden"],
    ["two directions", { before: cursor(1), after: cursor(2) }, "invalid_field"],
    ["what is no cursor", { before: "1" }, "cursor_invalid"],
  ])("refuses %s", async (_what, extra, code) => {
    const { broker, send, metric } = handlerFixture();
    expect(await send(ask(extra))).toMatchObject({ type: "error", id: 1, code });
    expect(broker.pageReads).toStrictEqual([]);
    expect(await metric('tidegate_history_reads_total{outcome="refused"}')).toBe(1);
  });

  it("has none of a live channel", async () => {
    const { session, send } = handlerFixture();
    session.principal = identity({ grants: grants({ history: ["chat.>"] }) });
    expect(await send(ask({ channel: "chat.a" }))).toMatchObject({ code: "not_replayable" });
  });

  it("is refused beside too many others, and while the node leaves", async () => {
    const { session, send } = handlerFixture();
    session.requestsInFlight = 2;
    expect(await send(ask())).toMatchObject({ code: "request_limit" });
    session.isLeaving = true;
    expect(await send(ask())).toMatchObject({ code: "broker_unavailable" });
  });

  it.each([
    ["unavailable", "broker_unavailable"],
    ["stream_missing", "history_unavailable"],
  ] as const)("says why it cannot be read: %s", async (failure, code) => {
    const fixture = handlerFixture();
    const failed: HistoryPage = { kind: "failed", error: new BrokerError(failure, "in the test") };
    const { answer } = await reading(fixture, {}, failed);
    expect(answer).toMatchObject({ type: "error", code, retryable: true, channel: "feed.a" });
    expect(await fixture.metric('tidegate_history_reads_total{outcome="failed"}')).toBe(1);
  });

  it("answers nobody when the connection has ended", async () => {
    const { broker, session, send } = handlerFixture();
    const answer = send(ask());
    session.close();
    broker.pageReads[0]?.answer(page([1]));
    expect(await answer).toBeUndefined();
  });
});
