import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

interface State {
  readonly kind: "idle" | "connecting" | "connected" | "waiting" | "closed";
  readonly index?: number;
  readonly until?: number;
  readonly reason?: string;
}

interface Feed {
  readonly cursor: string;
  open(node: number, cursor?: string): void;
  moveTo(node: number, milliseconds: number): void;
  retryNow(): void;
  close(): void;
}

type FeedClass = new (options: object) => Feed;

const { PollFeed }: { readonly PollFeed: FeedClass } = await import(
  new URL("../page/poll-feed.js", import.meta.url).href
);

/** A request that the feed made and this test answers. */
interface Asked {
  readonly node: string;
  readonly cursor: string | null;
  readonly timeout: number;
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly answer: (cursor: string, ...texts: readonly string[]) => Promise<void>;
  readonly reset: (cursor: string, reason: string) => Promise<void>;
  readonly refuse: (status: number, problem: object, headers?: Record<string, string>) => Promise<void>;
  readonly cut: () => Promise<void>;
}

let asked: Asked[];
let states: State[];
let texts: string[];
let resumes: number[];
let resets: string[];
let discarded: string[];
let feed: Feed;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  states = [];
  texts = [];
  resumes = [];
  resets = [];
  discarded = [];
  vi.stubGlobal(
    "fetch",
    (address: string, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }) => {
      const url = new URL(address);
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      const settle = async (response: Response) => {
        resolve(response);
        await vi.advanceTimersByTimeAsync(0);
      };
      asked.push({
        node: url.host,
        cursor: url.searchParams.get("cursor"),
        timeout: Number(url.searchParams.get("timeout")),
        token: headers["authorization"] ?? null,
        signal,
        answer: (cursor, ...said) =>
          settle(
            Response.json({ messages: said.map((text) => ({ channel: "feed.demo", data: text })), cursor }),
          ),
        reset: (cursor, reason) =>
          settle(Response.json({ messages: [], cursor, reset: [{ channel: "feed.demo", reason }] })),
        refuse: (status, problem, more = {}) => settle(Response.json(problem, { status, headers: more })),
        cut: async () => {
          reject(new Error("cut"));
          await vi.advanceTimersByTimeAsync(0);
        },
      });
      return promise;
    },
  );
});

afterEach(() => {
  feed.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function make(timeout: number, interval: number): Feed {
  feed = new PollFeed({
    nodes: [
      { name: "n1", url: "http://n1" },
      { name: "n2", url: "http://n2" },
    ],
    channel: "feed.demo",
    tokens: { get: async () => "secret", discard: (token: string) => discarded.push(token) },
    timeout,
    interval,
    onState: (state: State) => states.push(state),
    onMessage: ({ data }: { data: string }) => texts.push(data),
    onResumed: (count: number) => resumes.push(count),
    onReset: (reason: string) => resets.push(reason),
  });
  return feed;
}

const makeLong = () => make(25_000, 0);
const makeShort = () => make(0, 5_000);

/** The request under way; it is the only one. */
async function request(): Promise<Asked> {
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(1);
  const [one] = asked.splice(0);
  if (one === undefined) {
    throw new Error("nothing was asked");
  }
  return one;
}

function state(): string | undefined {
  return states.at(-1)?.kind;
}

describe("long polling", () => {
  test("asks at once with the cursor of the last answer, and lets itself be held once it is there", async () => {
    makeLong().open(0, "a-1");
    const first = await request();
    expect(first).toMatchObject({ node: "n1", cursor: "a-1", timeout: 0, token: "Bearer secret" });
    await first.answer("a-3", "two", "three");
    expect(state()).toBe("connected");
    const second = await request();
    expect(second).toMatchObject({ node: "n1", cursor: "a-3", timeout: 25_000 });
    await vi.advanceTimersByTimeAsync(25_000);
    await second.answer("a-3");
    expect((await request()).cursor).toBe("a-3");
    expect(texts).toEqual(["two", "three"]);
    expect([resumes, resets, feed.cursor]).toEqual([[], [], "a-3"]);
  });

  test("asks nothing of a node that does not hold it more than once a second", async () => {
    makeLong().open(0, "a-1");
    await (await request()).answer("a-1");
    for (let round = 0; round < 5; round += 1) {
      await (await request()).answer("a-1");
      expect(asked).toEqual([]);
      await vi.advanceTimersByTimeAsync(999);
      expect(asked).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
    }
  });

  test("goes on at the other node when its own is gone, from the same cursor", async () => {
    makeLong().open(0, "a-1");
    await (await request()).answer("a-1");
    await (await request()).cut();
    expect(state()).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    const again = await request();
    expect([again.node, again.timeout]).toEqual(["n1", 0]);
    await again.cut();
    await vi.advanceTimersByTimeAsync(1000);
    const other = await request();
    expect([other.node, other.cursor]).toEqual(["n2", "a-1"]);
    await other.answer("a-3", "two", "three");
    expect(states.at(-1)).toMatchObject({ kind: "connected", index: 1 });
    expect([resumes, texts]).toEqual([[2], ["two", "three"]]);
  });

  test("gives a node up that does not answer at all", async () => {
    makeLong().open(0, "a-1");
    const first = await request();
    const patience = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), milliseconds);
      return abort.signal;
    });
    await first.answer("a-1");
    const stuck = await request();
    await vi.advanceTimersByTimeAsync(34_999);
    expect(stuck.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect([stuck.signal.aborted, state()]).toEqual([true, "waiting"]);
    patience.mockRestore();
  });
});

describe("short polling", () => {
  test("pauses between requests, except behind an answer that may have been cut", async () => {
    makeShort().open(1, "a-1");
    await (await request()).answer("a-2", "two");
    await vi.advanceTimersByTimeAsync(4_999);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const full = await request();
    expect([full.node, full.timeout]).toEqual(["n2", 0]);
    await full.answer("a-102", ...Array.from({ length: 100 }, (_, index) => `${index}`));
    expect((await request()).cursor).toBe("a-102");
  });

  test("can be told to ask now", async () => {
    makeShort().open(0, "a-1");
    await (await request()).answer("a-1");
    feed.retryNow();
    expect((await request()).cursor).toBe("a-1");
  });
});

describe("a poll", () => {
  test("waits as long as a node asks for", async () => {
    makeShort().open(0, "a-1");
    await (await request()).refuse(429, { code: "rate_limited", retryable: true }, { "retry-after": "7" });
    await vi.advanceTimersByTimeAsync(6_999);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await request();
  });

  test("leaves a leaving node at once", async () => {
    makeLong().open(0, "a-1");
    await (await request()).answer("a-1");
    await (await request()).refuse(503, { code: "draining", retryable: true });
    await vi.advanceTimersByTimeAsync(500);
    expect((await request()).node).toBe("n2");
  });

  test("brings another token for one that was refused", async () => {
    makeShort().open(0, "a-1");
    await (await request()).refuse(401, { code: "token_expired", detail: "it expired" });
    expect(discarded).toEqual(["secret"]);
    expect(state()).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    await (await request()).answer("a-1");
    expect(state()).toBe("connected");
  });

  test("gives up where the node says that asking again is useless", async () => {
    makeShort().open(0, "a-1");
    await (await request()).refuse(403, { code: "forbidden", detail: "no grant", retryable: false });
    expect(states.at(-1)).toEqual({ kind: "closed", reason: "no grant" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([]);
  });

  test("tells of a reset and goes on behind it", async () => {
    makeShort().open(0, "a-1");
    await (await request()).reset("b-5", "epoch");
    expect([resets, resumes, feed.cursor]).toEqual([["epoch"], [], "b-5"]);
  });

  test("begins anew where its cursor is refused", async () => {
    makeShort().open(0, "nonsense");
    await (await request()).refuse(400, { code: "cursor_invalid", detail: "not a cursor" });
    expect(resets).toEqual(["not a cursor"]);
    expect((await request()).cursor).toBeNull();
  });

  test("can stay away and come back on another node", async () => {
    makeLong().open(0, "a-1");
    await (await request()).answer("a-1");
    const held = await request();
    feed.moveTo(1, 2_500);
    expect(held.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(2_499);
    expect([state(), asked]).toEqual(["waiting", []]);
    await vi.advanceTimersByTimeAsync(1);
    const back = await request();
    expect([back.node, back.cursor]).toEqual(["n2", "a-1"]);
    await back.answer("a-2", "two");
    expect(resumes).toEqual([1]);
  });

  test("is over when it is closed, and resumes when it is opened again", async () => {
    makeLong().open(0, "a-1");
    await (await request()).answer("a-2", "two");
    const held = await request();
    feed.close();
    await held.answer("a-3", "three");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([state(), texts, asked]).toEqual(["idle", ["two"], []]);
    feed.open(0);
    const again = await request();
    expect(again.cursor).toBe("a-2");
    await again.answer("a-3", "three");
    expect([texts, resumes]).toEqual([["two", "three"], [1]]);
  });

  test("that is opened twice goes on once", async () => {
    makeLong().open(0, "a-1");
    feed.open(1);
    const one = await request();
    expect(one.node).toBe("n2");
    await one.answer("a-1");
    await request();
  });
});
