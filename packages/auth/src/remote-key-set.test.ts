import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FetchKeySet } from "./fetch-key-set.ts";
import type { KeyRing } from "./key-ring.ts";
import { RemoteKeySet } from "./remote-key-set.ts";
import { NOW_MS, newTestKey } from "./tokens.fixture.ts";

const OPTIONS = {
  url: "https://id.example/keys",
  cacheMs: 600_000,
  cooldownMs: 10_000,
  timeoutMs: 5_000,
  staleMs: 3_600_000,
  maxBytes: 10_000,
  maxKeys: 8,
};
const JWK = { ...newTestKey("ES256").jwk, kid: "k1" };

/** An endpoint whose every answer the test gives, when it wants to. */
class Endpoint {
  readonly waiting: PromiseWithResolvers<Response>[] = [];
  requests = 0;
  lastSignal: AbortSignal | undefined;
  /** Answers at once, or leaves requests waiting if `undefined`. */
  respond: (() => Response) | undefined = () => Response.json({ keys: [JWK] });

  readonly fetch: FetchKeySet = (_url, { signal }) => {
    this.requests += 1;
    this.lastSignal = signal;
    if (this.respond !== undefined) {
      return Promise.resolve(this.respond());
    }
    const pending = Promise.withResolvers<Response>();
    this.waiting.push(pending);
    signal.addEventListener("abort", () => pending.reject(signal.reason));
    return pending.promise;
  };

  fail(): void {
    this.respond = () => new Response(null, { status: 503 });
  }

  recover(): void {
    this.respond = () => Response.json({ keys: [JWK] });
  }
}

let endpoint: Endpoint;
let set: RemoteKeySet;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: NOW_MS });
  // No spread, so that the moment of a background fetch is known.
  vi.spyOn(Math, "random").mockReturnValue(0);
  endpoint = new Endpoint();
  set = new RemoteKeySet(OPTIONS, new Set(["ES256"]), endpoint.fetch, Date.now);
});

afterEach(() => {
  set.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Moves the clock without letting timers run, as a stalled or suspended process would find it. */
function skip(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

async function loadedRing(): Promise<KeyRing> {
  return (await set.current()) ?? expect.unreachable("the set was fetched");
}

describe("a key set that was fetched", () => {
  it("is fresh, then stale, then gone", async () => {
    await set.start();
    set.close();
    expect(set.status).toEqual({
      state: "fresh",
      keys: 1,
      fetches: 1,
      failedFetches: 0,
      loadedAt: NOW_MS,
      lastError: undefined,
    });
    skip(OPTIONS.cacheMs - 1);
    expect(set.status.state).toBe("fresh");
    skip(1);
    expect(set.status.state).toBe("stale");
    skip(OPTIONS.staleMs - 1);
    expect(set.status).toMatchObject({ state: "stale", keys: 1 });
    skip(1);
    expect(set.status).toMatchObject({ state: "unreachable", keys: 0, loadedAt: undefined });
    expect(await set.current()).toBeUndefined();
  });

  it("is asked for again before it ages, without anybody waiting", async () => {
    await set.start();
    const first = await loadedRing();
    await vi.advanceTimersByTimeAsync(OPTIONS.cacheMs * 0.8 - 1);
    expect(endpoint.requests).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(endpoint.requests).toBe(2);
    // Joins the fetch if it still runs, and never starts one: so it also waits for the import.
    expect(await set.newerThan(first)).toBe(await set.current());
    expect(endpoint.requests).toBe(2);
    expect(set.status).toMatchObject({ state: "fresh", loadedAt: NOW_MS + OPTIONS.cacheMs * 0.8 });
  });

  it("is fetched at once if it aged while the process was suspended, and only once", async () => {
    await set.start();
    const first = await set.current();
    skip(OPTIONS.cacheMs);
    const [one, two] = await Promise.all([set.current(), set.current()]);
    expect(one).toBeDefined();
    expect(one).not.toBe(first);
    expect(two).toBe(one);
    expect(endpoint.requests).toBe(2);
  });

  it("may become empty: withdrawing keys is how an issuer revokes them", async () => {
    await set.start();
    endpoint.respond = () => Response.json({ keys: [] });
    skip(OPTIONS.cacheMs);
    expect((await set.current())?.size).toBe(0);
    expect(set.status).toMatchObject({ state: "fresh", keys: 0 });
  });
});

describe("an endpoint that fails", () => {
  it("leaves the last good set in use, and nobody waits for it again", async () => {
    await set.start();
    const good = await set.current();
    endpoint.fail();
    skip(OPTIONS.cacheMs);
    expect(await set.current()).toBe(good);
    expect(set.status).toMatchObject({
      state: "stale",
      failedFetches: 1,
      lastError: { code: "status", message: "the server answered 503" },
    });
    endpoint.respond = undefined;
    skip(OPTIONS.cooldownMs);
    expect(await set.current()).toBe(good);
    expect(endpoint.requests).toBe(2);
  });

  it("is asked again once per cooldown, tokens or not, until it recovers", async () => {
    endpoint.fail();
    await set.start();
    expect(set.status).toMatchObject({ state: "unreachable", fetches: 1, failedFetches: 1 });
    await vi.advanceTimersByTimeAsync(OPTIONS.cooldownMs - 1);
    expect(endpoint.requests).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(endpoint.requests).toBe(2);
    expect(await set.current()).toBeUndefined();
    expect(set.status.failedFetches).toBe(2);
    endpoint.recover();
    await vi.advanceTimersByTimeAsync(OPTIONS.cooldownMs);
    expect((await set.current())?.size).toBe(1);
    expect(set.status).toMatchObject({ state: "fresh", fetches: 3, failedFetches: 2, lastError: undefined });
  });

  it("makes tokens that need it fail at once during the cooldown", async () => {
    endpoint.fail();
    await set.start();
    endpoint.respond = undefined;
    expect(await set.current()).toBeUndefined();
    expect(endpoint.requests).toBe(1);
  });

  it("is asked by the first token after the cooldown", async () => {
    endpoint.fail();
    await set.start();
    endpoint.recover();
    skip(OPTIONS.cooldownMs);
    expect((await set.current())?.size).toBe(1);
  });

  it("is waited for while it is being asked, whatever became of the clock", async () => {
    endpoint.fail();
    await set.start();
    endpoint.respond = undefined;
    await vi.advanceTimersByTimeAsync(OPTIONS.cooldownMs);
    skip(-1);
    const waiting = set.current();
    endpoint.waiting[0]?.resolve(Response.json({ keys: [JWK] }));
    expect((await waiting)?.size).toBe(1);
    expect(endpoint.requests).toBe(2);
  });

  it("does not stop being asked when the clock is set back", async () => {
    endpoint.fail();
    await set.start();
    endpoint.recover();
    skip(-OPTIONS.cacheMs);
    expect((await set.current())?.size).toBe(1);
  });

  it("fails in every way alike", async () => {
    endpoint.respond = () => {
      throw new TypeError("fetch failed");
    };
    await set.start();
    expect(set.status).toMatchObject({ state: "unreachable", lastError: { code: "network" } });
  });
});

describe("a key that the set does not have", () => {
  it("is looked for in one new fetch, whoever asks", async () => {
    await set.start();
    const ring = await loadedRing();
    skip(OPTIONS.cooldownMs);
    const answers = await Promise.all(Array.from({ length: 100 }, () => set.newerThan(ring)));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toBe(await set.current());
    expect(endpoint.requests).toBe(2);
  });

  it("is not looked for again within the cooldown", async () => {
    await set.start();
    const ring = await loadedRing();
    skip(OPTIONS.cooldownMs - 1);
    expect(await set.newerThan(ring)).toBe("none");
    expect(endpoint.requests).toBe(1);
  });

  it("is not looked for if the set has been renewed meanwhile", async () => {
    await set.start();
    const old = await loadedRing();
    skip(OPTIONS.cacheMs);
    const renewed = await loadedRing();
    skip(OPTIONS.cooldownMs);
    expect(await set.newerThan(old)).toBe(renewed);
    expect(endpoint.requests).toBe(2);
  });

  it("may exist for all anybody knows while the endpoint fails, in and after the cooldown", async () => {
    await set.start();
    const ring = await loadedRing();
    endpoint.fail();
    skip(OPTIONS.cooldownMs);
    expect(await set.newerThan(ring)).toBe("unavailable");
    expect(await set.newerThan(ring)).toBe("unavailable");
    expect(endpoint.requests).toBe(2);
  });
});

describe("closing", () => {
  it("aborts the fetch under way and starts no other", async () => {
    endpoint.respond = undefined;
    const started = set.start();
    set.close();
    await started;
    expect(endpoint.lastSignal?.aborted).toBe(true);
    expect(set.status).toMatchObject({ state: "unreachable", failedFetches: 0 });
    skip(OPTIONS.cacheMs);
    expect(await set.current()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(OPTIONS.cacheMs);
    expect(endpoint.requests).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends the refreshing", async () => {
    await set.start();
    expect(vi.getTimerCount()).toBe(1);
    set.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
