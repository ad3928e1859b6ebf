import type { JsMsg } from "@nats-io/jetstream";

/** Tasks done lately: their acknowledgement may have been lost with the connection. */
const REMEMBERED = 20_000;

/** The messages of the queue that this process is responsible for, by sequence. */
export class HeldTasks {
  readonly #held = new Map<number, { message: JsMsg; redelivered: boolean }>();
  readonly #done = new Set<number>();
  readonly #onRepeated: () => void;
  readonly #waiting = new Set<() => void>();

  constructor(onRepeated: () => void) {
    this.#onRepeated = onRepeated;
  }

  get size(): number {
    return this.#held.size;
  }

  /** @returns false for a message that is held already, or was done: a connection that broke makes the server send it again. */
  take(message: JsMsg): boolean {
    const { seq, redelivered } = message;
    const held = this.#held.get(seq);
    if (held !== undefined) {
      // Only the newest can be acknowledged for sure.
      held.message = message;
      this.#onRepeated();
      return false;
    }
    if (this.#done.has(seq)) {
      message.ack();
      this.#onRepeated();
      return false;
    }
    this.#held.set(seq, { message, redelivered });
    return true;
  }

  /** Whether it had been given to somebody before, this process included. */
  wasRedelivered(seq: number): boolean {
    return this.#held.get(seq)?.redelivered ?? false;
  }

  /** `ack`: its next step is stored. `nak`: it was not begun, and somebody else may have it at once. */
  release(seq: number, how: "ack" | "nak" | "term"): void {
    const held = this.#held.get(seq);
    if (held === undefined) return;
    this.#held.delete(seq);
    held.message[how]();
    if (how !== "nak") this.#remember(seq);
    if (this.#held.size === 0) for (const wake of this.#waiting) wake();
  }

  /** Asks the server for more time. */
  renew(): void {
    for (const { message } of this.#held.values()) message.working();
  }

  /** Resolves once nothing is held. */
  async empty(): Promise<void> {
    if (this.#held.size === 0) return;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #remember(seq: number): void {
    this.#done.add(seq);
    if (this.#done.size <= REMEMBERED) return;
    for (const oldest of this.#done) {
      this.#done.delete(oldest);
      break;
    }
  }
}
