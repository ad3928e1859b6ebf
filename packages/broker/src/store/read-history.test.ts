import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LAGGING_EPOCH, LaggingStream } from "../../testing/lagging-stream.ts";
import type { HistoryPage, PageRequest } from "./history-page.ts";
import { readHistory } from "./read-history.ts";
import type { StoredMessage } from "./stored-message.ts";

type Page = Extract<HistoryPage, { kind: "page" }>;

const sequences = (messages: readonly StoredMessage[]) => messages.map(({ sequence }) => sequence);
const noPause = async () => {};

function quietStream(messagesPerChannel = 1_000, messagesInAll = 1_000_000): LaggingStream {
  return new LaggingStream({ messagesPerChannel, messagesInAll, beforeAnswer: () => 0 });
}

function page(stream: LaggingStream, request: PageRequest): Promise<Page> {
  return readHistory(stream, "chat.a", request, noPause);
}

describe("reading back", () => {
  it("gives the newest first, then page by page the older ones, each once", async () => {
    const stream = quietStream();
    for (let count = 0; count < 500; count++) stream.publish(count % 7 === 0 ? "chat.a" : "chat.b", 10);
    const all = sequences(stream.log.filter(({ channel }) => channel === "chat.a"));
    const found: number[] = [];
    let before: number | undefined;
    for (;;) {
      const { messages, more } = await page(stream, { before, limit: 10 });
      found.unshift(...sequences(messages));
      if (!more) break;
      expect(messages.length).toBe(10);
      before = messages[0]?.sequence;
    }
    expect(found).toStrictEqual(all);
  });

  it("needs few reads however far apart the messages lie", async () => {
    const stream = quietStream();
    for (let burst = 0; burst < 5; burst++) {
      for (let count = 0; count < 40; count++) stream.publish("chat.a", 10);
      for (let count = 0; count < 20_000; count++) stream.publish("chat.b", 10);
    }
    stream.reads = 0;
    const { messages } = await page(stream, { limit: 10 });
    expect(messages.length).toBe(10);
    expect(stream.reads).toBeLessThan(30);
  });

  it("goes on forward from where it looked", async () => {
    const stream = quietStream();
    for (const channel of ["chat.a", "chat.a", "chat.b"]) stream.publish(channel, 1);
    const { newer } = await page(stream, { limit: 10 });
    expect(newer).toStrictEqual({ epoch: LAGGING_EPOCH, sequence: 3 });
    stream.publish("chat.a", 1);
    const next = await page(stream, { after: newer.sequence, limit: 10 });
    expect(sequences(next.messages)).toStrictEqual([4]);
    expect(next.reset).toBeUndefined();
  });

  it("stops early for big messages, but never before the newest one", async () => {
    const stream = quietStream();
    for (let count = 0; count < 100; count++) stream.publish("chat.a", 1_000);
    const { messages, more } = await page(stream, { limit: 50, maxBytes: 5_500 });
    expect(sequences(messages)).toStrictEqual([96, 97, 98, 99, 100]);
    expect(more).toBe(true);
    expect(sequences((await page(stream, { limit: 50, maxBytes: 10 })).messages)).toStrictEqual([100]);
  });

  it("of an empty channel is empty", async () => {
    const stream = quietStream();
    const empty = { kind: "page", messages: [], more: false, reset: undefined };
    expect(await page(stream, { limit: 10 })).toStrictEqual({
      ...empty,
      newer: { epoch: LAGGING_EPOCH, sequence: 0 },
    });
    stream.publish("chat.b", 1);
    expect(await page(stream, { limit: 10 })).toMatchObject(empty);
    expect(await page(stream, { before: 1, limit: 10 })).toMatchObject(empty);
  });
});

describe("reading on", () => {
  it("gives everything behind a message, in pages", async () => {
    const stream = quietStream();
    for (let count = 0; count < 30; count++) stream.publish(count % 3 === 0 ? "chat.a" : "chat.b", 10);
    const first = await page(stream, { after: 4, limit: 5 });
    expect(sequences(first.messages)).toStrictEqual([7, 10, 13, 16, 19]);
    expect(first).toMatchObject({ more: true, newer: { sequence: 19 }, reset: undefined });
    const last = await page(stream, { after: 19, limit: 5 });
    expect(sequences(last.messages)).toStrictEqual([22, 25, 28]);
    expect(last).toMatchObject({ more: false, newer: { sequence: 30 }, reset: undefined });
    expect(await page(stream, { after: 28, limit: 5 })).toMatchObject({ messages: [], reset: undefined });
    expect(await page(stream, { after: 30, limit: 5 })).toMatchObject({ messages: [], reset: undefined });
  });

  it("says that messages may be gone where that is so", async () => {
    const stream = quietStream(5);
    for (let count = 0; count < 20; count++) stream.publish("chat.a", 10);
    expect(await page(stream, { after: 15, limit: 10 })).toMatchObject({ reset: "expired" });
    expect(await page(stream, { after: 16, limit: 10 })).toMatchObject({ reset: undefined });
    expect(await page(stream, { after: 0, limit: 10 })).toMatchObject({ reset: "expired" });
    const old = quietStream(100, 5);
    for (let count = 0; count < 20; count++) old.publish("chat.a", 10);
    expect(await page(old, { after: 14, limit: 10 })).toMatchObject({ reset: "expired" });
    expect(await page(old, { after: 15, limit: 10 })).toMatchObject({ reset: undefined });
  });

  it("from behind the end is not possible", async () => {
    const stream = quietStream();
    stream.publish("chat.a", 10);
    expect(await page(stream, { after: 2, limit: 10 })).toStrictEqual({
      kind: "page",
      messages: [],
      more: false,
      newer: { epoch: LAGGING_EPOCH, sequence: 1 },
      reset: "future",
    });
  });

  it("gets on with messages bigger than a page, one a page", async () => {
    const stream = quietStream();
    for (let count = 0; count < 4; count++) stream.publish("chat.a", 400_000);
    for (let after = 0; after < 4; after++) {
      const { messages, more, reset } = await page(stream, { after, limit: 10, maxBytes: 1_000 });
      expect(sequences(messages)).toStrictEqual([after + 1]);
      expect({ more, reset }).toStrictEqual({ more: after < 3, reset: undefined });
    }
  });
});

/** A stream that changes while it is read, with replicas that are behind now and then. */
const restlessStream = fc
  .record({
    messagesPerChannel: fc.constantFrom(2, 3, 5, 1_000),
    messagesInAll: fc.constantFrom(4, 9, 30, 1_000),
    before: fc.array(fc.boolean(), { maxLength: 60 }),
    sizes: fc.array(fc.constantFrom(0, 10, 900), { minLength: 1, maxLength: 5 }),
    meanwhile: fc.array(fc.record({ published: fc.nat({ max: 3 }), lag: fc.constantFrom(0, 0, 1, 3, 20) }), {
      maxLength: 80,
    }),
  })
  .map(({ messagesPerChannel, messagesInAll, before, sizes, meanwhile }) => {
    let step = 0;
    let published = 0;
    const publish = (stream: LaggingStream, ours: boolean) => {
      stream.publish(ours ? "chat.a" : "chat.b", sizes[published++ % sizes.length] ?? 0);
    };
    const stream = new LaggingStream({
      messagesPerChannel,
      messagesInAll,
      beforeAnswer: (model) => {
        const { published: count, lag } = meanwhile[step++] ?? { published: 0, lag: 0 };
        for (let index = 0; index < count; index++) publish(model, (step + index) % 2 === 0);
        return lag;
      },
    });
    for (const ours of before) publish(stream, ours);
    return stream;
  });

const limits = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.constantFrom(100, 2_000, 1_000_000),
});

/** Everything ever stored of the channel in a range, whether it is still there or not. */
function everStored(stream: LaggingStream, after: number, upTo: number): readonly number[] {
  return sequences(
    stream.log.filter(
      ({ channel, sequence }) => channel === "chat.a" && sequence > after && sequence <= upTo,
    ),
  );
}

describe("a page of a stream that changes while it is read", () => {
  it("read on holds everything up to where it ends, or says that messages may be gone", async () => {
    await fc.assert(
      fc.asyncProperty(restlessStream, limits, fc.nat({ max: 60 }), async (stream, limit, position) => {
        let after = Math.min(position, stream.log.length);
        for (let pages = 0; pages < 20; pages++) {
          const read = await page(stream, { after, ...limit });
          const { messages, more, newer, reset } = read;
          expect(messages.length).toBeLessThanOrEqual(limit.limit);
          const found = sequences(messages);
          const stored = everStored(stream, after, newer.sequence);
          if (reset === undefined) expect(found).toStrictEqual(stored);
          // Behind a reset only what is gone may be missing, and that lies before the rest.
          else expect(found).toStrictEqual(stored.slice(stored.length - found.length));
          if (more) expect(newer.sequence > after || reset !== undefined).toBe(true);
          after = newer.sequence;
          if (!more) break;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("read back has no holes and ends with the newest", async () => {
    await fc.assert(
      fc.asyncProperty(
        restlessStream,
        limits,
        fc.option(fc.integer({ min: 1, max: 70 }), { nil: undefined }),
        async (stream, limit, before) => {
          const atFirst = stream.log.length;
          const { messages, newer, more, reset } = await page(stream, { before, ...limit });
          const found = sequences(messages);
          expect(found.length).toBeLessThanOrEqual(limit.limit);
          expect(reset).toBeUndefined();
          const [first] = found;
          const end = Math.min(before ?? Number.POSITIVE_INFINITY, newer.sequence + 1);
          if (first === undefined) {
            const left = stream
              .kept()
              .filter(({ channel, sequence }) => channel === "chat.a" && sequence < end);
            expect(left).toStrictEqual([]);
          } else {
            expect(found).toStrictEqual(everStored(stream, first - 1, end - 1));
          }
          if (before === undefined) {
            const left = stream.kept().filter(({ sequence }) => sequence <= atFirst);
            const newest = left.findLast(({ channel }) => channel === "chat.a");
            expect(newer.sequence).toBeGreaterThanOrEqual(newest?.sequence ?? 0);
          }
          const older = stream
            .kept()
            .some(({ channel, sequence }) => channel === "chat.a" && sequence < (first ?? 0));
          if (older) expect(more).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
