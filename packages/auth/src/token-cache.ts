import { hash } from "node:crypto";
import type { Identity } from "./verification.ts";

/** Tokens remembered, at most. Some 300 bytes each, so about a megabyte. */
const MAX_ENTRIES = 4_096;
/** Longest token remembered, in characters: what is kept of it, grants and claims for backends, is about as large as itself. */
const MAX_TOKEN_LENGTH = 2_048;

/** What was found out about a token, and when that holds. */
export interface VerifiedToken {
  readonly ok: true;
  readonly identity: Identity;
  /** Milliseconds since the epoch, inclusive: before it, on a clock that was set back, the token would be refused. */
  readonly validFrom: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly validUntil: number;
}

/**
 * Remembers tokens that were found good, by their SHA-256: of the token itself nothing is kept, and what is kept can't be
 * turned into one. Looking a digest up may take longer the more it is like another, which tells nobody anything: no digest
 * leads back to a token. Refused tokens are not remembered, or anybody could fill it.
 *
 * All entries belong to one generation of keys. What was found out under another is forgotten as soon as anybody asks.
 */
export class TokenCache<Generation> {
  readonly #half: number;
  #generation: Generation;
  // Two halves instead of one list in order of use: when the recent one is full, it takes the place of the other. A Map from
  // which the oldest entry is taken again and again walks over what was taken before.
  #recent = new Map<string, VerifiedToken>();
  #older = new Map<string, VerifiedToken>();

  constructor(generation: Generation, maxEntries: number = MAX_ENTRIES) {
    this.#half = maxEntries / 2;
    this.#generation = generation;
  }

  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** The name under which a token is remembered; `undefined` if it is too long to be. */
  static digest(token: string): string | undefined {
    return token.length <= MAX_TOKEN_LENGTH ? hash("sha256", token, "base64url") : undefined;
  }

  find(digest: string, generation: Generation, nowMs: number): VerifiedToken | undefined {
    this.#enter(generation);
    let known = this.#recent.get(digest);
    if (known === undefined) {
      known = this.#older.get(digest);
      if (known === undefined) {
        return undefined;
      }
      this.#older.delete(digest);
      this.#put(digest, known);
    }
    return nowMs >= known.validFrom && nowMs < known.validUntil ? known : undefined;
  }

  keep(digest: string, generation: Generation, verified: VerifiedToken): void {
    this.#enter(generation);
    this.#older.delete(digest);
    this.#put(digest, verified);
  }

  #put(digest: string, verified: VerifiedToken): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(digest, verified);
  }

  #enter(generation: Generation): void {
    if (generation !== this.#generation) {
      this.#recent.clear();
      this.#older.clear();
      this.#generation = generation;
    }
  }
}
