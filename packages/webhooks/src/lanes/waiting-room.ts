/** As many may wait, of all lanes together, before lanes send jobs away. A quarter of what NATS lets a process hold with four shards. */
export const SPARE_PLACES = 20_000;

/** How many jobs wait in memory, in all lanes of a process. */
export class WaitingRoom {
  #waiting = 0;

  /** A burst for endpoints that are well is over soonest if it stays. */
  get hasSpare(): boolean {
    return this.#waiting < SPARE_PLACES;
  }

  entered(): void {
    this.#waiting += 1;
  }

  left(count: number): void {
    this.#waiting -= count;
  }
}
