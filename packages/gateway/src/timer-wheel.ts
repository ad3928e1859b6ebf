/** Something that wants to be woken. The wheel owns the fields: they stand here to save an object per sleeper. */
export interface Sleeper {
  /** When to wake, in ms of the wheel's clock; `Number.POSITIVE_INFINITY` for never. */
  wakeAt: number;
  /** Where the wheel keeps it; -1 when it is not on the wheel. */
  wheelSlot: number;
  /** Its place there. */
  wheelIndex: number;
  /** Called once, at or up to a tick after the time it was scheduled for. It is then off the wheel. */
  wake(now: number): void;
}

/** Fine enough for deadlines of seconds, coarse enough to cost nothing when idle. */
const TICK_MS = 100;
/** 51.2 s a turn: most connections are visited once per ping interval. */
const SLOTS = 512;

/**
 * One timer for all deadlines of a node. Scheduling and cancelling put a reference into an array or take it out; a timer
 * object per connection would cost more memory than the rest of its state and an event-loop entry each.
 */
export class TimerWheel {
  readonly #slots: Sleeper[][] = Array.from({ length: SLOTS }, () => []);
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #position: number;

  /** @param now in ms, of a clock that nobody sets. */
  constructor(now: () => number) {
    this.#now = now;
    this.#position = Math.floor(now() / TICK_MS);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.advance(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Moves `sleeper` to the slot of `wakeAt`. */
  schedule(sleeper: Sleeper, wakeAt: number): void {
    sleeper.wakeAt = wakeAt;
    if (wakeAt === Number.POSITIVE_INFINITY) {
      this.#remove(sleeper);
      return;
    }
    // Never the slot being emptied: that would wake it in the same pass for ever.
    const tick = Math.max(Math.ceil(wakeAt / TICK_MS), this.#position + 1);
    // Beyond one turn it waits in the farthest slot and is looked at again from there.
    const index = Math.min(tick, this.#position + SLOTS - 1) % SLOTS;
    const slot = this.#slots[index];
    if (index !== sleeper.wheelSlot && slot !== undefined) {
      this.#remove(sleeper);
      sleeper.wheelSlot = index;
      sleeper.wheelIndex = slot.push(sleeper) - 1;
    }
  }

  cancel(sleeper: Sleeper): void {
    // The slot alone would not do: a sleeper whose slot is being emptied is off the wheel already.
    sleeper.wakeAt = Number.POSITIVE_INFINITY;
    this.#remove(sleeper);
  }

  /** Wakes what is due. Called by the timer; tests call it with their own clock. */
  advance(): void {
    const now = this.#now();
    const target = Math.floor(now / TICK_MS);
    // One full turn visits every slot: after a long stall more turns would find nothing.
    this.#position = Math.max(this.#position, target - SLOTS);
    while (this.#position < target) {
      this.#position += 1;
      this.#empty(this.#position % SLOTS, now);
    }
  }

  #remove(sleeper: Sleeper): void {
    if (sleeper.wheelSlot === -1) {
      return;
    }
    const slot = this.#slots[sleeper.wheelSlot];
    const last = slot?.pop();
    if (slot !== undefined && last !== undefined && last !== sleeper) {
      slot[sleeper.wheelIndex] = last;
      last.wheelIndex = sleeper.wheelIndex;
    }
    sleeper.wheelSlot = -1;
  }

  #empty(index: number, now: number): void {
    const due = this.#slots[index];
    if (due === undefined || due.length === 0) {
      return;
    }
    this.#slots[index] = [];
    for (const sleeper of due) {
      sleeper.wheelSlot = -1;
    }
    for (const sleeper of due) {
      // One sleeper's wake may have scheduled or cancelled another of this slot.
      if (sleeper.wheelSlot === -1 && sleeper.wakeAt <= now) {
        sleeper.wake(now);
      } else if (sleeper.wheelSlot === -1 && sleeper.wakeAt !== Number.POSITIVE_INFINITY) {
        this.schedule(sleeper, sleeper.wakeAt);
      }
    }
  }
}
