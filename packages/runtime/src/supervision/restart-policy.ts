/**
 * One worker, as its supervisor sees it. `failures` counts the ends in a row before which it did not run for long.
 *
 * - `starting`: its process runs and is not ready yet.
 * - `running`: it has been ready since.
 * - `waiting`: its process has ended; another one is started at `until`.
 */
export type WorkerState =
  | { readonly kind: "starting"; readonly failures: number }
  | { readonly kind: "running"; readonly failures: number; readonly since: number }
  | { readonly kind: "waiting"; readonly failures: number; readonly until: number };

/** A worker that ran this long was well, and its end has nothing to do with those before. */
const STABLE_MS = 60_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
/** Waits are up to this share longer or shorter: workers that fail together must not come back together. */
const JITTER = 0.25;
/** So many ends in a row, of every worker and with none that runs, and something is wrong that starting again does not cure. */
const HOPELESS_FAILURES = 5;

/** The state after the end of a worker's process. `now` and what comes from it are in milliseconds; `random` is 0 to 1. */
export function afterExit(
  state: WorkerState,
  now: number,
  random: number,
): WorkerState & { readonly kind: "waiting" } {
  const wasStable = state.kind === "running" && now - state.since >= STABLE_MS;
  const failures = wasStable ? 1 : state.failures + 1;
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return { kind: "waiting", failures, until: now + wait * (1 - JITTER + 2 * JITTER * random) };
}

/** Whether a supervisor should give up: no worker runs, and each has failed again and again. */
export function isHopeless(states: readonly WorkerState[]): boolean {
  return states.every(({ kind, failures }) => kind !== "running" && failures >= HOPELESS_FAILURES);
}
