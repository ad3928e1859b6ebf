import type { Poll } from "./poll.ts";

/** The polls that wait on this node. */
export class Polls {
  readonly #waiting = new Set<Poll>();

  get size(): number {
    return this.#waiting.size;
  }

  came(poll: Poll): void {
    this.#waiting.add(poll);
  }

  left(poll: Poll): void {
    this.#waiting.delete(poll);
  }
}
