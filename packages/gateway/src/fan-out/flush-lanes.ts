import type { ChannelEntry } from "./channel-entry.ts";

/** The channels that wait for the end of one flush interval. */
interface Lane {
  readonly intervalMs: number;
  waiting: ChannelEntry[];
  /** By the clock of the lanes; infinitely late while nobody waits. */
  dueAt: number;
}

/**
 * Where channels of namespaces with a flush interval wait, those of one interval together: it begins with the first message of any of
 * them and ends for all. One timer for all lanes, of which there are as many as different intervals in the configuration.
 */
export class FlushLanes {
  readonly #uptime: () => number;
  readonly #onDue: (entries: readonly ChannelEntry[]) => void;
  readonly #lanes = new Map<number, Lane>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off. */
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param uptime in ms, monotonic. */
  constructor(uptime: () => number, onDue: (entries: readonly ChannelEntry[]) => void) {
    this.#uptime = uptime;
    this.#onDue = onDue;
  }

  /** Hands the entry over within so many ms, once. */
  add(entry: ChannelEntry, intervalMs: number): void {
    let lane = this.#lanes.get(intervalMs);
    if (lane === undefined) {
      lane = { intervalMs, waiting: [], dueAt: Number.POSITIVE_INFINITY };
      this.#lanes.set(intervalMs, lane);
    }
    lane.waiting.push(entry);
    if (lane.waiting.length === 1) {
      lane.dueAt = this.#uptime() + intervalMs;
      this.#wakeBy(lane.dueAt);
    }
  }

  /** Everybody who waits; they wait no longer. */
  takeAll(): readonly ChannelEntry[] {
    return this.#take(Number.POSITIVE_INFINITY);
  }

  #take(until: number): readonly ChannelEntry[] {
    const taken: ChannelEntry[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.waiting.length > 0 && lane.dueAt <= until) {
        taken.push(...lane.waiting);
        lane.waiting = [];
        lane.dueAt = Number.POSITIVE_INFINITY;
      }
    }
    return taken;
  }

  #wakeBy(time: number): void {
    if (time >= this.#wakeAt) {
      return;
    }
    clearTimeout(this.#timer);
    this.#wakeAt = time;
    // A node that has nothing else to do need not stay for this.
    this.#timer = setTimeout(() => this.#wake(), time - this.#uptime()).unref();
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    // Timers may go off a fraction of a millisecond early.
    const due = this.#take(this.#uptime() + 1);
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#lanes.values()) {
      next = Math.min(next, dueAt);
    }
    this.#wakeBy(next);
    this.#onDue(due);
  }
}
