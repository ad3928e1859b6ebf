import { setTimeout as delay } from "node:timers/promises";
import { PATIENCE_MS } from "./patience.ts";
import { TestkitError } from "./testkit-error.ts";

export interface WaitUntilOptions {
  /** What is awaited, for the error: "the member to leave". */
  readonly message?: string;
  /** Default 20000. */
  readonly timeoutMs?: number;
  /** Pause between two looks, default 10. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until the predicate returns something truthy, and returns that. The predicate may be
 * asynchronous. If it throws, that counts as "not yet" and is kept as the cause of the error at the deadline,
 * so a probe may simply fail until what it asks for is there. It is always looked at least once.
 *
 * Prefer awaiting an event; this is for state of other processes, which send none.
 *
 * @throws TestkitError `timeout` at the deadline; the reason of `signal` when it aborts.
 */
export async function waitUntil<T>(
  predicate: () => T | Promise<T>,
  options: WaitUntilOptions = {},
): Promise<Exclude<T, false | 0 | "" | null | undefined>> {
  const { message = "the condition", timeoutMs = PATIENCE_MS, intervalMs = 10, signal } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await predicate();
      lastError = undefined;
      if (value) return value as Exclude<T, false | 0 | "" | null | undefined>;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      throw new TestkitError("timeout", `waited ${timeoutMs} ms for ${message}`, { cause: lastError });
    }
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
      // The abort is reported with its own reason at the top of the loop.
    });
  }
}
