import type { Algorithm } from "./algorithms.ts";
import { type FetchKeySet, fetchKeySet, type KeySetError, type KeySetRequest } from "./fetch-key-set.ts";
import { importKeySet } from "./import-key-set.ts";
import type { KeyRing } from "./key-ring.ts";

/** A key set's options with every default filled in; `KeySetOptions` explains them. */
export interface ResolvedKeySet extends KeySetRequest {
  readonly cacheMs: number;
  readonly cooldownMs: number;
  readonly staleMs: number;
}

/** For metrics and readiness. */
export interface KeySetStatus {
  /**
   * - `fresh`: fetched within `cacheMs`. - `stale`: older, because the endpoint fails; still in use for `staleMs`.
   * - `unreachable`: no set, or too old a one; tokens that need it fail with `keys_unavailable`.
   */
  readonly state: "fresh" | "stale" | "unreachable";
  /** Keys in use, counted once for each algorithm they serve. */
  readonly keys: number;
  readonly fetches: number;
  readonly failedFetches: number;
  /** When the set in use came, in milliseconds since the epoch. */
  readonly loadedAt: number | undefined;
  /** Of the last fetch, `undefined` if it succeeded. */
  readonly lastError: KeySetError | undefined;
}

type LastFetch =
  | { readonly kind: "none" }
  | { readonly kind: "succeeded"; readonly endedAt: number }
  | { readonly kind: "failed"; readonly endedAt: number; readonly error: KeySetError };

interface LoadedSet {
  readonly ring: KeyRing;
  readonly loadedAt: number;
}

/** Part of `cacheMs` after which a set is fetched again in the background, so that verifying never waits for it. */
const REFRESH_AT = 0.8;
/** Spread of the background fetches, so that nodes started together do not ask together for ever. */
const REFRESH_JITTER = 0.1;

/**
 * A JSON Web Key Set at a URL, cached. One fetch at a time, whoever asks; at least `cooldownMs` between the end
 * of one and the start of the next, whatever tokens arrive; the last good set while the endpoint fails.
 *
 * jose's own remote set is not used: it counts its cooldown from the last success only (unknown names at a
 * failing endpoint make it fetch without pause), drops the last good set when a refresh fails, and refreshes
 * while tokens wait.
 */
export class RemoteKeySet {
  readonly #options: ResolvedKeySet;
  readonly #algorithms: ReadonlySet<Algorithm>;
  readonly #fetch: FetchKeySet;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #loaded: LoadedSet | undefined;
  #last: LastFetch = { kind: "none" };
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fetches = 0;
  #failedFetches = 0;

  constructor(
    options: ResolvedKeySet,
    algorithms: ReadonlySet<Algorithm>,
    fetch: FetchKeySet,
    now: () => number,
  ) {
    this.#options = options;
    this.#algorithms = algorithms;
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Fetches the set for the first time and keeps it fresh from then on. Resolves however the fetch ends. */
  start(): Promise<void> {
    return this.#refresh();
  }

  /** Ends refreshing and aborts a fetch under way. The set stays in use until it is too old. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  /** What {@link current} gives if it need not wait: a new ring after each fetch. `undefined` if it would have to. */
  get ring(): KeyRing | undefined {
    const usable = this.#usable();
    return usable !== undefined && (this.#isFresh(usable) || this.#last.kind === "failed")
      ? usable.ring
      : undefined;
  }

  /**
   * The keys to verify with, or `undefined` if there are none to trust now. Waits for a fetch only if there is
   * nothing usable, or if the set has aged without a refresh having failed.
   */
  async current(): Promise<KeyRing | undefined> {
    const { ring } = this;
    if (ring !== undefined) {
      return ring;
    }
    if (!this.#isCoolingDown()) {
      await this.#refresh();
    }
    return this.#usable()?.ring;
  }

  /**
   * Asked when no key of `ring` fits a token: a newer ring, `"none"` if `ring` is known to be the newest, or
   * `"unavailable"` if nobody can tell, because the endpoint fails.
   */
  async newerThan(ring: KeyRing): Promise<KeyRing | "none" | "unavailable"> {
    if (this.#loaded?.ring === ring && !this.#isCoolingDown()) {
      await this.#refresh();
    }
    const usable = this.#usable();
    if (usable !== undefined && usable.ring !== ring) {
      return usable.ring;
    }
    return usable === undefined || this.#last.kind === "failed" ? "unavailable" : "none";
  }

  get status(): KeySetStatus {
    const usable = this.#usable();
    return {
      state: usable === undefined ? "unreachable" : this.#isFresh(usable) ? "fresh" : "stale",
      keys: usable?.ring.size ?? 0,
      fetches: this.#fetches,
      failedFetches: this.#failedFetches,
      loadedAt: usable?.loadedAt,
      lastError: this.#last.kind === "failed" ? this.#last.error : undefined,
    };
  }

  #usable(): LoadedSet | undefined {
    const loaded = this.#loaded;
    const { cacheMs, staleMs } = this.#options;
    return loaded !== undefined && this.#now() - loaded.loadedAt < cacheMs + staleMs ? loaded : undefined;
  }

  #isFresh(set: LoadedSet): boolean {
    return this.#now() - set.loadedAt < this.#options.cacheMs;
  }

  #isCoolingDown(): boolean {
    // While a fetch runs its result is awaited, not the cooldown of the one before.
    if (this.#running !== undefined || this.#last.kind === "none") {
      return false;
    }
    const elapsed = this.#now() - this.#last.endedAt;
    // A clock set back must not stop fetching until it has caught up.
    return elapsed >= 0 && elapsed < this.#options.cooldownMs;
  }

  #refresh(): Promise<void> {
    this.#running ??= this.#load().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #load(): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) {
      return;
    }
    clearTimeout(this.#timer);
    this.#fetches += 1;
    const fetched = await fetchKeySet(this.#options, this.#fetch, signal);
    const ring = fetched.ok ? await importKeySet(fetched.keys, this.#algorithms) : undefined;
    if (signal.aborted) {
      return;
    }
    const endedAt = this.#now();
    if (fetched.ok && ring !== undefined) {
      // An empty set counts too: withdrawing its keys is how an issuer revokes them.
      this.#loaded = { ring, loadedAt: endedAt };
      this.#last = { kind: "succeeded", endedAt };
      this.#refreshIn(this.#options.cacheMs * REFRESH_AT);
    } else if (!fetched.ok) {
      this.#failedFetches += 1;
      this.#last = { kind: "failed", endedAt, error: fetched.error };
      this.#refreshIn(this.#options.cooldownMs);
    }
  }

  /** Also brings back a node that lost the set and, being unready, gets no tokens that would ask for it. */
  #refreshIn(delayMs: number): void {
    const jittered = delayMs * (1 + REFRESH_JITTER * Math.random());
    this.#timer = setTimeout(() => {
      void this.#refresh();
    }, jittered);
    this.#timer.unref();
  }
}
