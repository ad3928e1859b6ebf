import { addCounts } from "./tally.ts";

/** What happened to many clients in one second of the machine's clock. Adds up. */
export interface Moment {
  /** Of `nowMicros`: the same in all processes. */
  readonly second: number;
  /** WebSockets and event streams that ended before their client closed them. Who polls has no connection to lose. */
  readonly lost: number;
  /** Clients that were served again after such a loss. */
  readonly returned: number;
  /**
   * Of the messages that were published in this second, whenever they came, to clients that were served then, but for
   * short polls: from publish to receipt, counted by the whole millisecond.
   */
  readonly delayMs: Readonly<Record<string, number>>;
  /** The same to clients that came, or came back, only after the message was published. */
  readonly catchUpMs: Readonly<Record<string, number>>;
}

interface OpenMoment {
  lost: number;
  returned: number;
  readonly delayMs: Map<number, number>;
  readonly catchUpMs: Map<number, number>;
}

/** Remembers what happens to clients second by second. Times are those of `nowMicros`. */
export class Timeline {
  readonly #moments = new Map<number, OpenMoment>();

  lost(micros: number): void {
    this.#at(micros).lost += 1;
  }

  returned(micros: number): void {
    this.#at(micros).returned += 1;
  }

  /** @param wasServed whether the client was when it was published. */
  received(publishedMicros: number, delayMs: number, wasServed: boolean): void {
    const moment = this.#at(publishedMicros);
    const delays = wasServed ? moment.delayMs : moment.catchUpMs;
    delays.set(delayMs, (delays.get(delayMs) ?? 0) + 1);
  }

  clear(): void {
    this.#moments.clear();
  }

  get moments(): readonly Moment[] {
    return [...this.#moments].map(([second, { lost, returned, delayMs, catchUpMs }]) => ({
      second,
      lost,
      returned,
      delayMs: Object.fromEntries(delayMs),
      catchUpMs: Object.fromEntries(catchUpMs),
    }));
  }

  #at(micros: number): OpenMoment {
    const second = Math.floor(micros / 1e6);
    let moment = this.#moments.get(second);
    if (moment === undefined) {
      moment = { lost: 0, returned: 0, delayMs: new Map(), catchUpMs: new Map() };
      this.#moments.set(second, moment);
    }
    return moment;
  }
}

/** One moment for each second of them, in the order of time. */
export function addMoments(moments: readonly Moment[]): readonly Moment[] {
  return [...Map.groupBy(moments, ({ second }) => second)]
    .map(([second, some]) => ({
      second,
      lost: some.reduce((sum, { lost }) => sum + lost, 0),
      returned: some.reduce((sum, { returned }) => sum + returned, 0),
      delayMs: addCounts(some.map(({ delayMs }) => delayMs)),
      catchUpMs: addCounts(some.map(({ catchUpMs }) => catchUpMs)),
    }))
    .toSorted((left, right) => left.second - right.second);
}
