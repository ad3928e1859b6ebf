/** Readings of the store that one connection may have under way. What they bring may all come at once. */
const MOST_UNDERWAY = 8;

/**
 * Lets the replays of one connection begin a few at a time, and only while its outbox has room: a client that comes back to a
 * hundred channels must not be closed as a slow consumer of what it asked for.
 */
export class ReplayGate {
  readonly #hasRoom: () => boolean;
  #waiting: (() => void)[] = [];
  #underway = 0;

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Calls `begin` now or later, in turn; after each, {@link leave} is due once. */
  enter(begin: () => void): void {
    this.#waiting.push(begin);
    this.advance();
  }

  leave(): void {
    this.#underway -= 1;
    this.advance();
  }

  /** There may be room now. */
  advance(): void {
    while (this.#underway < MOST_UNDERWAY && this.#waiting.length > 0 && this.#hasRoom()) {
      this.#underway += 1;
      this.#waiting.shift()?.();
    }
  }
}
