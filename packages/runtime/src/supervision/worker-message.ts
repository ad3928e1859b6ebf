import type { FamilySnapshot } from "../metrics/metric-snapshot.ts";
import type { ReadinessState } from "../operations/readiness.ts";
import type { TerminationSignal } from "../service/process-effects.ts";

/**
 * What a supervisor says to a worker, over the channel between the two processes.
 *
 * - `begin`: once, in answer to `hello`; `work` is what the worker is to do.
 * - `signal`: the supervisor was told to end and passes it on.
 * - `metrics`: asks for the current numbers.
 */
export type ToWorker =
  | { readonly kind: "begin"; readonly index: number; readonly work: unknown }
  | { readonly kind: "signal"; readonly signal: TerminationSignal }
  | { readonly kind: "metrics" };

/**
 * What a worker says to its supervisor.
 *
 * - `hello`: it listens to the channel.
 * - `alive`: its event loop still turns.
 * - `readiness`: whether traffic should come here, at every change.
 * - `metrics`: the numbers that were asked for.
 */
export type FromWorker =
  | { readonly kind: "hello" }
  | { readonly kind: "alive" }
  | { readonly kind: "readiness"; readonly state: ReadinessState }
  | { readonly kind: "metrics"; readonly families: readonly FamilySnapshot[] };

/** How often a worker says that it is alive, in milliseconds. */
export const ALIVE_INTERVAL_MS = 2000;
