import { ConnectionCount, type CountLimits } from "./admission/connection-count.ts";
import type { DrainTimes } from "./limits.ts";
import { type Drainable, PacedDrain } from "./paced-drain.ts";

/** Everybody this node serves now, on whatever transport: counted in by address, and said goodbye to together. */
export class Roster {
  readonly #count: ConnectionCount;
  readonly #drain: PacedDrain;
  /** With the address that each came from. */
  readonly #members = new Map<Drainable, string>();

  constructor(limits: CountLimits, times: DrainTimes) {
    this.#count = new ConnectionCount(limits);
    this.#drain = new PacedDrain(times);
  }

  get size(): number {
    return this.#members.size;
  }

  /** The node is leaving: nobody new should come in. */
  get isLeaving(): boolean {
    return this.#drain.started;
  }

  /** Counts a newcomer in, or says why it has to be turned away. `undefined` needs one {@link leave}. */
  enter(member: Drainable, address: string): ReturnType<ConnectionCount["enter"]> {
    const refusal = this.count(address);
    if (refusal === undefined) {
      this.add(member, address);
    }
    return refusal;
  }

  /** The first half of {@link enter}, for a newcomer that is not made before it is certain that it may come in. */
  count(address: string): ReturnType<ConnectionCount["enter"]> {
    return this.#count.enter(address);
  }

  /** The second half of {@link enter}. */
  add(member: Drainable, address: string): void {
    this.#members.set(member, address);
  }

  /** Idempotent. */
  leave(member: Drainable): void {
    const address = this.#members.get(member);
    if (address !== undefined) {
      this.#members.delete(member);
      this.#count.leave(address);
      this.#drain.left();
    }
  }

  /** See {@link PacedDrain.run}. */
  drain(deadline: AbortSignal): Promise<void> {
    return this.#drain.run(this.#members, deadline);
  }
}
