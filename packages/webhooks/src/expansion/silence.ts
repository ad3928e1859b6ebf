/** Notices that nothing is heard of somebody who has to say something now and then. */
export class Silence {
  readonly #limitMs: number;
  readonly #uptime: () => number;
  #heardAt: number;

  /** @param uptime in ms, of a clock that nobody sets. */
  constructor(limitMs: number, uptime: () => number) {
    this.#limitMs = limitMs;
    this.#uptime = uptime;
    this.#heardAt = uptime();
  }

  get isTooLong(): boolean {
    return this.#uptime() - this.#heardAt >= this.#limitMs;
  }

  heard(): void {
    this.#heardAt = this.#uptime();
  }
}
