import { waitUntil } from "@tidegate/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { TestEventStream } from "../../testing/http-client.ts";
import { ReplayNodes } from "../../testing/replay-nodes.ts";
import type { RunningNode } from "../../testing/running-node.ts";

const nodes = await ReplayNodes.start();
afterAll(() => nodes[Symbol.asyncDispose]());
const { first, second } = nodes;

const CURSOR = /^[0-9a-z]{8}-[0-9a-z]+$/;

function open(on: RunningNode, query: string, lastEventId?: string): Promise<TestEventStream> {
  const id = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return TestEventStream.open(on.http(`/v1/sse?${query}`), { ...nodes.bearer, ...id });
}

/** The first id: from here on the client can resume. */
async function standing(stream: TestEventStream): Promise<string> {
  await waitUntil(() => stream.parser.lastEventId !== "", { message: "the first id" });
  return stream.parser.lastEventId;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

async function data(stream: TestEventStream, count: number): Promise<readonly string[]> {
  return (await stream.take(count)).map((event) => event.data);
}

describe("an event stream of a replayable channel", () => {
  it("tells at once where it stands", async () => {
    await using stream = await open(first, `channels=${nodes.channel()}`);
    expect(await standing(stream)).toMatch(CURSOR);
    expect(stream.events).toStrictEqual([]);
  });

  it("resumes on another node, by header or parameter", async () => {
    const channel = nodes.channel();
    const stream = await open(first, `channels=${channel}`);
    const start = await standing(stream);
    await nodes.storeAll(channel, 1, 3);
    expect(await data(stream, 3)).toStrictEqual(numbers(1, 3));
    const { lastEventId } = stream.parser;
    await stream.close();
    await nodes.storeAll(channel, 4, 6);

    await using byHeader = await open(second, `channels=${channel}&last_event_id=${start}`, lastEventId);
    expect(await data(byHeader, 3)).toStrictEqual(numbers(4, 6));
    await using byParameter = await open(second, `channels=${channel}&last_event_id=${start}`);
    expect(await data(byParameter, 6)).toStrictEqual(numbers(1, 6));
    await nodes.storeAll(channel, 7, 7);
    expect(await data(byHeader, 1)).toStrictEqual(["7"]);
    expect(await data(byParameter, 1)).toStrictEqual(["7"]);
    expect(byHeader.parser.lastEventId).toBe(byParameter.parser.lastEventId);
  });

  it("gives the same ids as cursors elsewhere", async () => {
    const channel = nodes.channel();
    await using stream = await open(first, `channels=${channel}&format=json`);
    await standing(stream);
    await nodes.storeAll(channel, 1, 1);
    const [event] = await stream.take(1);
    expect(JSON.parse(event?.data ?? "")).toStrictEqual({
      channel,
      cursor: event?.lastEventId,
      time: expect.any(Number),
      data: 1,
    });
  });

  it.each(["nonsense", "x".repeat(300), "k3j9x0ab-2s"])(
    "whose client sends %j is reset and goes on",
    async (id) => {
      const channel = nodes.channel();
      await using stream = await open(first, `channels=${channel}`, id);
      const [reset] = await stream.take(1);
      expect(reset).toStrictEqual({
        type: "tidegate.reset",
        data: JSON.stringify({ channel, reason: "epoch" }),
        lastEventId: expect.stringMatching(CURSOR),
      });
      await nodes.storeAll(channel, 1, 1);
      expect(await data(stream, 1)).toStrictEqual(["1"]);
    },
  );

  it("is reset when what its client missed is gone", async () => {
    const channel = nodes.channel("brief");
    const stream = await open(first, `channels=${channel}`);
    const start = await standing(stream);
    await stream.close();
    await nodes.storeAll(channel, 1, 9);
    await using later = await open(second, `channels=${channel}`, start);
    const [reset] = await later.take(1);
    expect(reset).toMatchObject({
      type: "tidegate.reset",
      data: JSON.stringify({ channel, reason: "expired" }),
    });
    await nodes.storeAll(channel, 10, 10);
    expect(await data(later, 1)).toStrictEqual(["10"]);
  });

  it("stays resumable while nothing happens on it", async () => {
    const channel = nodes.channel();
    const busy = nodes.channel();
    await using stream = await open(first, `channels=${channel}`);
    await standing(stream);
    await using other = await open(first, `channels=${busy}`);
    await standing(other);
    await nodes.storeAll(busy, 1, 3);
    await other.take(3);
    // Whoever resumes both from here makes the node look how far the quiet one has come.
    const { lastEventId } = other.parser;
    await using _both = await open(first, `channels=${channel},${busy}`, lastEventId);
    await waitUntil(() => stream.parser.lastEventId === lastEventId, { message: "a checkpoint" });
    expect(stream.events).toStrictEqual([]);
  });
});

describe("an event stream of several channels", () => {
  it("has a place of each namespace in its id, and resumes all by it", async () => {
    const room = nodes.channel("room");
    const hall = nodes.channel("hall");
    const talk = nodes.channel("talk");
    const stream = await open(first, `channels=${room},${hall},${talk}`);
    expect((await standing(stream)).split(".")).toHaveLength(2);
    await nodes.storeAll(room, 1, 2);
    await nodes.storeAll(hall, 11, 12);
    expect((await data(stream, 4)).toSorted()).toStrictEqual(["1", "11", "12", "2"]);
    const { lastEventId } = stream.parser;
    await stream.close();
    await nodes.storeAll(hall, 13, 13);
    await nodes.storeAll(room, 3, 3);
    await using later = await open(second, `channels=${room},${hall},${talk}`, lastEventId);
    expect((await data(later, 2)).toSorted()).toStrictEqual(["13", "3"]);
  });

  it("loses nothing and repeats nothing, however often and wherever its client comes back", async () => {
    const channels = [nodes.channel("room"), nodes.channel("room"), nodes.channel("hall")];
    const count = 400;
    const received: string[] = [];
    let stream = await open(first, `channels=${channels.join()}`);
    await standing(stream);
    const publishing = (async () => {
      for (let number = 1; number <= count; number += 1) {
        // So that there is something left for each visit.
        await waitUntil(() => number <= received.length + 40, { intervalMs: 1 });
        await first.store(channels[number % 3] ?? "", String(number));
      }
    })();
    let visits = 1;
    for (;;) {
      const enough = Math.min(1 + ((visits * 7) % 40), count - received.length);
      await waitUntil(() => stream.events.length >= enough, {
        message: `${enough} more behind ${received.length}`,
      });
      await stream.close();
      expect(stream.events.filter(({ type }) => type !== "message")).toStrictEqual([]);
      received.push(...stream.events.map((event) => event.data));
      if (received.length >= count) {
        break;
      }
      visits += 1;
      stream = await open(
        visits % 2 === 0 ? second : first,
        `channels=${channels.join()}`,
        stream.parser.lastEventId,
      );
    }
    await publishing;
    expect(
      received
        .map(Number)
        .toSorted((a, b) => a - b)
        .map(String),
    ).toStrictEqual(numbers(1, count));
    for (const index of channels.keys()) {
      const own = received.map(Number).filter((number) => number % 3 === index);
      expect(own).toStrictEqual(own.toSorted((a, b) => a - b));
    }
    expect(visits).toBeGreaterThan(8);
  });

  it("of a pattern does, too", async () => {
    const channel = nodes.channel("hall");
    const stream = await open(first, "channels=hall.*");
    await standing(stream);
    await nodes.storeAll(channel, 1, 2);
    await waitUntil(() => stream.events.length >= 2, { message: "both" });
    await stream.close();
    await nodes.storeAll(channel, 3, 4);
    await using later = await open(second, "channels=hall.*", stream.parser.lastEventId);
    expect(await data(later, 2)).toStrictEqual(["3", "4"]);
  });
});
