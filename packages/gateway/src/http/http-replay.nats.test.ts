import { afterAll, describe, expect, it } from "vitest";
import { ReplayNodes } from "../../testing/replay-nodes.ts";
import type { RunningNode } from "../../testing/running-node.ts";

const nodes = await ReplayNodes.start();
afterAll(() => nodes[Symbol.asyncDispose]());
const { first, second } = nodes;

interface Page {
  readonly channel: string;
  readonly messages: readonly { readonly data: unknown; readonly cursor: string }[];
  readonly more: boolean;
  readonly older?: string;
  readonly newer: string;
  readonly reset?: string;
}

function ask(on: RunningNode, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(on.http(path), { headers: { ...nodes.bearer, ...headers } });
}

async function page(on: RunningNode, path: string): Promise<Page> {
  const answer = await ask(on, `/v1/history/${path}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
}

function publish(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(first.http("/v1/publish"), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { ...nodes.bearer, "content-type": "application/json", ...headers },
  });
}

const dataOf = ({ messages }: Page): unknown[] => messages.map(({ data }) => data);

describe("GET /v1/history", () => {
  it("reads back and forth, page by page", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 7);
    const newest = await page(first, `${channel}?limit=3`);
    expect(newest).toMatchObject({ channel, more: true });
    expect(newest).not.toHaveProperty("type");
    expect(newest).not.toHaveProperty("id");
    expect(dataOf(newest)).toStrictEqual([5, 6, 7]);
    const older = await page(second, `${channel}?limit=3&before=${newest.older}`);
    expect(dataOf(older)).toStrictEqual([2, 3, 4]);
    const oldest = await page(first, `${channel}?limit=3&before=${older.older}`);
    expect(dataOf(oldest)).toStrictEqual([1]);
    expect(oldest.more).toBe(false);
    const forward = await page(second, `${channel}?limit=3&after=${oldest.newer}`);
    expect(dataOf(forward)).toStrictEqual([2, 3, 4]);
  });

  it("leads over to polling without a gap", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 3);
    const { newer } = await page(first, channel);
    await nodes.storeAll(channel, 4, 5);
    const answer = await ask(second, `/v1/poll?channels=${channel}&timeout=0&cursor=${newer}`);
    const { messages } = (await answer.json()) as Page;
    expect(messages.map(({ data }) => data)).toStrictEqual([4, 5]);
  });

  it("takes the channel as a part of the path, encoded or not", async () => {
    const channel = "room.a@b=c,d;e:f";
    await first.store(channel, "1");
    expect(dataOf(await page(first, encodeURIComponent(channel)))).toStrictEqual([1]);
    expect(dataOf(await page(first, channel))).toStrictEqual([1]);
  });

  it("is answered 304 where the page is the same", async () => {
    const channel = nodes.channel();
    await nodes.storeAll(channel, 1, 1);
    const answer = await ask(first, `/v1/history/${channel}`);
    const etag = answer.headers.get("etag") ?? "";
    expect((await ask(second, `/v1/history/${channel}`, { "if-none-match": etag })).status).toBe(304);
    await nodes.storeAll(channel, 2, 2);
    expect((await ask(second, `/v1/history/${channel}`, { "if-none-match": etag })).status).toBe(200);
  });

  it.each<[string, string, number, string]>([
    ["a pattern", "room.*", 400, "channel_invalid"],
    ["a bad channel", "room..a", 400, "channel_invalid"],
    ["a live channel", "talk.a", 403, "forbidden"],
    ["a channel that is not granted", "hall.a", 403, "forbidden"],
    ["two directions", "room.a?before=zzzzzzzz-1&after=zzzzzzzz-1", 400, "invalid_field"],
    ["a bad cursor", "room.a?before=nonsense", 400, "cursor_invalid"],
    ["a bad limit", "room.a?limit=1001", 400, "invalid_field"],
  ])("is refused with %s", async (_what, path, status, code) => {
    const answer = await ask(first, `/v1/history/${path}`);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });
});

describe("POST /v1/publish to a replayable channel", () => {
  it("is answered with the cursor of the message, once it is stored", async () => {
    const channel = nodes.channel();
    const answer = await publish({ channel, data: 1, event: "said" });
    expect(answer.status).toBe(200);
    const { cursor } = (await answer.json()) as { cursor: string };
    const { messages } = await page(second, channel);
    expect(messages).toMatchObject([{ data: 1, cursor, event: "said", from: { user: "ada" } }]);
  });

  it("stores one message of several with the same key", async () => {
    const channel = nodes.channel();
    const one = await (await publish({ channel, data: 1, key: "k1" })).json();
    const two = await (await publish({ channel, data: 1 }, { "idempotency-key": "k1" })).json();
    expect(two).toStrictEqual({ ...(one as object), duplicate: true });
    expect((await page(first, channel)).messages).toHaveLength(1);
  });

  it("is refused where clients may not publish", async () => {
    expect((await publish({ channel: nodes.channel("hall"), data: 1 })).status).toBe(403);
  });
});
