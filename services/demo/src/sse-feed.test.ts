import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

interface State {
  readonly kind: "idle" | "connecting" | "connected" | "waiting" | "closed";
  readonly index?: number;
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

const { SseFeed }: { readonly SseFeed: FeedClass } = await import(
  new URL("../page/sse-feed.js", import.meta.url).href
);

/** An EventSource whose node is this test. */
class ScriptedSource {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: ScriptedSource[] = [];

  readonly url: URL;
  readyState = ScriptedSource.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((event: object) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor(url: URL) {
    this.url = url;
    ScriptedSource.all.push(this);
  }

  addEventListener(name: string, listener: (event: object) => void): void {
    this.#listeners.set(name, listener);
  }

  close(): void {
    this.readyState = ScriptedSource.CLOSED;
  }

  accept(): void {
    this.readyState = ScriptedSource.OPEN;
    this.onopen?.();
  }

  say(text: string, cursor = ""): void {
    const data = JSON.stringify({ channel: "feed.demo", data: text });
    this.onmessage?.({ data, lastEventId: cursor });
  }

  tell(name: string, data: object, cursor = ""): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data), lastEventId: cursor });
  }

  /** The link broke or could not be made: the browser tries again by itself. */
  break(): void {
    this.readyState = ScriptedSource.CONNECTING;
    this.onerror?.();
  }

  /** The node answered with something else than a stream: the browser gives up. */
  refuse(): void {
    this.readyState = ScriptedSource.CLOSED;
    this.onerror?.();
  }
}

const LONG_ENOUGH = 5_000;

let states: State[];
let texts: string[];
let resumes: number[];
let resets: string[];
let discarded: string[];
let feed: Feed;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", ScriptedSource);
  ScriptedSource.all = [];
  states = [];
  texts = [];
  resumes = [];
  resets = [];
  discarded = [];
  feed = make();
});

afterEach(() => {
  feed.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function make(more: object = {}): Feed {
  return new SseFeed({
    nodes: [
      { name: "n1", url: "http://n1" },
      { name: "n2", url: "http://n2" },
    ],
    channel: "feed.demo",
    tokens: { get: async () => "secret", discard: (token: string) => discarded.push(token) },
    onState: (state: State) => states.push(state),
    onMessage: ({ data }: { data: string }) => texts.push(data),
    onResumed: (count: number) => resumes.push(count),
    onReset: (reason: string) => resets.push(reason),
    ...more,
  });
}

function pass(milliseconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(milliseconds);
}

/** The newest source; all before it are closed. */
async function source(): Promise<ScriptedSource> {
  await pass(0);
  const newest = ScriptedSource.all.at(-1);
  if (newest === undefined) {
    throw new Error("no EventSource was made");
  }
  for (const other of ScriptedSource.all.slice(0, -1)) {
    expect(other.readyState).toBe(ScriptedSource.CLOSED);
  }
  return newest;
}

async function connect(): Promise<ScriptedSource> {
  feed.open(0, "a-1");
  const opened = await source();
  opened.accept();
  return opened;
}

describe("an SSE feed", () => {
  test("asks for its channel with token and cursor, and hands messages on", async () => {
    const first = await connect();
    expect(first.url.host).toBe("n1");
    expect(Object.fromEntries(first.url.searchParams)).toEqual({
      channels: "feed.demo",
      format: "json",
      access_token: "secret",
      last_event_id: "a-1",
    });
    first.say("two", "a-2");
    expect([texts, feed.cursor, states.at(-1)?.kind]).toEqual([["two"], "a-2", "connected"]);
    await pass(1_000);
    expect(resumes).toEqual([]);
  });

  test("needs neither token nor cursor on a channel that is open to all and live", async () => {
    feed = make({ tokens: undefined });
    feed.open(1);
    const { url } = await source();
    expect([url.host, url.search]).toEqual(["n2", "?channels=feed.demo&format=json"]);
  });

  test("lets the browser come back by itself after a good while, and counts what was missed", async () => {
    const first = await connect();
    await pass(LONG_ENOUGH);
    first.break();
    expect(states.at(-1)?.kind).toBe("connecting");
    first.accept();
    first.say("two", "a-2");
    first.say("three", "a-3");
    await pass(1_000);
    expect([await source(), resumes]).toEqual([first, [2]]);
  });

  test("takes over where the browser does not get through, on the other node and from its cursor", async () => {
    const first = await connect();
    first.say("two", "a-2");
    await pass(LONG_ENOUGH);
    first.break();
    first.break();
    expect(states.at(-1)?.kind).toBe("waiting");
    await pass(500);
    const second = await source();
    expect([second.url.host, second.url.searchParams.get("last_event_id")]).toEqual(["n2", "a-2"]);
    second.accept();
    await pass(1_000);
    expect([states.at(-1), resumes]).toEqual([{ kind: "connected", node: "n2", index: 1 }, [0]]);
  });

  test("moves on from a node that ends each stream at once, ever more slowly", async () => {
    feed.open(0, "a-1");
    for (const [host, wait] of [
      ["n1", 500],
      ["n2", 1_000],
      ["n1", 2_000],
      ["n2", 4_000],
    ] as const) {
      const one = await source();
      expect(one.url.host).toBe(host);
      one.accept();
      one.break();
      await pass(wait / 2 - 1);
      expect(await source()).toBe(one);
      await pass(wait / 2 + 1);
    }
  });

  test("gives a node up that does not answer", async () => {
    feed.open(0, "a-1");
    await pass(10_000);
    expect(states.at(-1)).toMatchObject({ kind: "waiting", reason: "n1 does not answer" });
    await pass(500);
    expect((await source()).url.host).toBe("n2");
  });

  test("gives a link up that went silent, if there should be something all the time", async () => {
    feed = make({ longestSilence: 10_000 });
    const first = await connect();
    await pass(9_000);
    first.say("two");
    await pass(9_000);
    expect(await source()).toBe(first);
    await pass(2_000);
    expect(await source()).not.toBe(first);
  });

  test("brings another token for one that expired, and loses nothing by it", async () => {
    const first = await connect();
    first.say("two", "a-2");
    await pass(LONG_ENOUGH);
    first.tell("tidegate.end", { code: "token_expired" });
    expect([discarded, first.readyState]).toEqual([["secret"], ScriptedSource.CLOSED]);
    await pass(500);
    const second = await source();
    expect([second.url.host, second.url.searchParams.get("last_event_id")]).toEqual(["n1", "a-2"]);
  });

  test("leaves a leaving node for the other one", async () => {
    const first = await connect();
    await pass(LONG_ENOUGH);
    first.tell("tidegate.end", { code: "draining", message: "the node is leaving" });
    await pass(500);
    expect((await source()).url.host).toBe("n2");
  });

  test("stays away when the node ended it for want of a grant", async () => {
    const first = await connect();
    first.tell("tidegate.end", { code: "forbidden", message: "no grant" });
    await pass(60_000);
    expect(states.at(-1)).toEqual({ kind: "closed", reason: "no grant" });
    expect(ScriptedSource.all).toHaveLength(1);
  });

  test("listens to the event names it is told", async () => {
    feed = make({ events: ["alarm"] });
    const first = await connect();
    first.tell("alarm", { channel: "feed.demo", data: "fire" }, "a-2");
    expect([texts, feed.cursor]).toEqual([["fire"], "a-2"]);
  });

  test("asks why it was refused: a token is replaced", async () => {
    const refusal = { code: "token_invalid", detail: "no", retryable: false };
    vi.stubGlobal("fetch", async () => Response.json(refusal, { status: 401 }));
    feed.open(0, "a-1");
    (await source()).refuse();
    await pass(500);
    expect(discarded).toEqual(["secret"]);
    expect(ScriptedSource.all).toHaveLength(2);
  });

  test("asks why it was refused: what is forbidden stays so", async () => {
    const refusal = { code: "forbidden", detail: "no grant", retryable: false };
    vi.stubGlobal("fetch", async () => Response.json(refusal, { status: 403 }));
    feed.open(0, "a-1");
    (await source()).refuse();
    await pass(60_000);
    expect(states.at(-1)).toEqual({ kind: "closed", reason: "no grant" });
    expect(ScriptedSource.all).toHaveLength(1);
  });

  test("tells of a reset, and does not call it a resume", async () => {
    const first = await connect();
    feed.moveTo(1, 100);
    expect(first.readyState).toBe(ScriptedSource.CLOSED);
    await pass(100);
    const second = await source();
    second.accept();
    second.tell("tidegate.reset", { channel: "feed.demo", reason: "expired" }, "a-9");
    await pass(1_000);
    expect([resets, resumes, feed.cursor]).toEqual([["expired"], [], "a-9"]);
  });

  test("is over when it is closed, and resumes when it is opened again", async () => {
    const first = await connect();
    first.say("two", "a-2");
    feed.close();
    first.say("three", "a-3");
    expect([texts, states.at(-1)?.kind, first.readyState]).toEqual([["two"], "idle", ScriptedSource.CLOSED]);
    feed.open(0);
    const second = await source();
    expect(second.url.searchParams.get("last_event_id")).toBe("a-2");
    second.accept();
    second.say("three", "a-3");
    await pass(1_000);
    expect([texts, resumes]).toEqual([["two", "three"], [1]]);
  });

  test("that is opened twice connects once", async () => {
    feed.open(0, "a-1");
    feed.open(1);
    await pass(0);
    expect(ScriptedSource.all.map(({ url }) => url.host)).toEqual(["n2"]);
  });
});
