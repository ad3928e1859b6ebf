/** How much of a flush may be done at once, before others get their turn. */
export interface FlushBudget {
  /** A turn of the event loop begins. */
  start(): void;
  /** Asked before each seat that is served. */
  isSpent(): boolean;
}

/** Everything at once. */
export const UNLIMITED: FlushBudget = { start: () => {}, isSpent: () => false };

/** A walk over 5,000 seats takes 10 to 50 ms; this long, everybody else waits: other channels, upgrades, pings, NATS. */
const TURN_MS = 5;
/** Looking at the clock costs as much as a hundredth of a send. */
const SEATS_BETWEEN_LOOKS = 64;

/** The budget of one turn of the event loop. */
export class TurnBudget implements FlushBudget {
  readonly #uptime: () => number;
  #deadline = 0;
  #seats = 0;

  /** @param uptime in ms, monotonic. */
  constructor(uptime: () => number) {
    this.#uptime = uptime;
  }

  start(): void {
    this.#deadline = this.#uptime() + TURN_MS;
    this.#seats = SEATS_BETWEEN_LOOKS;
  }

  isSpent(): boolean {
    this.#seats -= 1;
    if (this.#seats >= 0) {
      return false;
    }
    if (this.#uptime() >= this.#deadline) {
      return true;
    }
    this.#seats = SEATS_BETWEEN_LOOKS - 1;
    return false;
  }
}
