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
    const queue = [...connections.keys()];
    const perStep = Math.max(1, Math.ceil((queue.length * STEP_MS) / this.#times.windowMs));
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
      for (const connection of queue.splice(0, perStep)) {
        connection.drain(Math.floor(Math.random() * this.#times.reconnectMs));
      }
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
