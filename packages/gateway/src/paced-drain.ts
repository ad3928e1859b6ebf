import type { DrainTimes } from "./limits.ts";

/** What the drain does to a connection. */
export interface Drainable {
  drain(reconnectMs: number): void;
  end(name: "draining", reason: string): void;
}

/** Who is there still: a set, or the keys of a map. */
interface Members {
  readonly size: number;
  keys(): Iterable<Drainable>;
}

const STEP_MS = 50;

/**
 * Says goodbye to all connections of a node, spread evenly over a window: the other nodes get them at a rate they
 * can take and not in one storm.
 */
export class PacedDrain {
  readonly #times: DrainTimes;
  #started = false;
  #onLeft: (() => void) | undefined;

  constructor(times: DrainTimes) {
    this.#times = times;
  }

  get started(): boolean {
    return this.#started;
  }

  /** A connection has ended. */
  left(): void {
    this.#onLeft?.();
  }

  /** Resolves when `connections` is empty. When `deadline` aborts, those that remain are closed at once. */
  async run(connections: Members, deadline: AbortSignal): Promise<void> {
    this.#started = true;
    const all = [...connections.keys()];
    const steps = Math.max(1, Math.ceil(this.#times.windowMs / STEP_MS));
    let stepsTaken = 0;
    let told = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (connections.size === 0) {
        resolve();
      }
    };
    const closeRest = (): void => {
      for (const connection of [...connections.keys()]) {
        connection.end("draining", "the node is leaving");
      }
      resolve();
    };
    const step = (): void => {
      stepsTaken += 1;
      // By the whole window and not a number per step: rounded up, that would be twice the pace for few connections.
      const due = Math.ceil((all.length * stepsTaken) / steps);
      for (const connection of all.slice(told, due)) {
        connection.drain(Math.floor(Math.random() * this.#times.reconnectMs));
      }
      told = Math.min(due, all.length);
    };
    this.#onLeft = check;
    const timer = setInterval(step, STEP_MS);
    deadline.addEventListener("abort", closeRest, { once: true });
    step();
    check();
    if (deadline.aborted) {
      closeRest();
    }
    await promise;
    clearInterval(timer);
    deadline.removeEventListener("abort", closeRest);
  }
}
