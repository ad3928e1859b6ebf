/** One way of getting an answer. */
export interface Attempt<Value> {
  readonly outcome: Promise<Value>;
  /** Whether a part of the answer has come, so that only patience is needed. */
  isAnswering(): boolean;
  /** Nobody wants the answer any more. */
  cancel(): void;
}

/**
 * When to ask again beside what was asked, in ms. A server that hangs keeps its place among those that answer until its peers miss
 * its heartbeats, and a leader that hangs for as long as its election takes; whoever is asked next may well be another.
 */
const HEDGE_PAUSES_MS: readonly number[] = [500, 1_500];

/**
 * Asks, and asks again beside it while nothing comes: the first outcome is everybody's, also where it is a failure. For reads, which
 * may be made twice.
 *
 * @param pausesMs from the first attempt on.
 */
export function hedge<Value>(ask: () => Attempt<Value>, pausesMs = HEDGE_PAUSES_MS): Promise<Value> {
  return new Promise((resolve, reject) => {
    const attempts: Attempt<Value>[] = [];
    const timers: NodeJS.Timeout[] = [];
    let over = false;
    const end = (): void => {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      for (const attempt of attempts) attempt.cancel();
    };
    const start = (): void => {
      const attempt = ask();
      attempts.push(attempt);
      attempt.outcome.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    };
    start();
    for (const pause of pausesMs) {
      // Once more around the loop: if this node was too busy to look, the answer is already here.
      const look = () =>
        setImmediate(() => !over && !attempts.some((attempt) => attempt.isAnswering()) && start());
      timers.push(setTimeout(look, pause).unref());
    }
  });
}
