import type { StoredMessage } from "../store/stored-message.ts";
import { costOf } from "./ring.ts";
import type { TailLimits } from "./tail-limits.ts";

/** A message that waits, and the sequence of the one of its channel that came before it, as the stream said. */
export interface HeldMessage {
  readonly message: StoredMessage;
  readonly last: number;
}

/** Messages that lie behind gaps, by channel. */
export class HeldBack {
  readonly #limits: TailLimits;
  /** In the order of the stream. */
  readonly #channels = new Map<string, HeldMessage[]>();
  #count = 0;
  #bytes = 0;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#count;
  }

  get overflows(): boolean {
    return this.#count > this.#limits.heldMessages || this.#bytes > this.#limits.heldBytes;
  }

  /** Highest sequence held; 0 if nothing is. */
  get highest(): number {
    let highest = 0;
    for (const held of this.#channels.values()) {
      highest = Math.max(highest, held.at(-1)?.message.sequence ?? 0);
    }
    return highest;
  }

  get channels(): readonly string[] {
    return [...this.#channels.keys()];
  }

  first(channel: string): HeldMessage | undefined {
    return this.#channels.get(channel)?.[0];
  }

  /** A message that is here already is ignored. */
  add(message: StoredMessage, last: number): void {
    let held = this.#channels.get(message.channel);
    if (held === undefined) {
      held = [];
      this.#channels.set(message.channel, held);
    }
    let index = held.length;
    while (index > 0 && (held[index - 1]?.message.sequence ?? 0) > message.sequence) index -= 1;
    if (held[index - 1]?.message.sequence === message.sequence) return;
    held.splice(index, 0, { message, last });
    this.#count += 1;
    this.#bytes += costOf(message);
  }

  takeFirst(channel: string): void {
    const held = this.#channels.get(channel);
    const first = held?.shift();
    if (held === undefined || first === undefined) return;
    this.#count -= 1;
    this.#bytes -= costOf(first.message);
    if (held.length === 0) this.#channels.delete(channel);
  }

  clear(): void {
    this.#channels.clear();
    this.#count = 0;
    this.#bytes = 0;
  }

  /** While the tail does not know yet where it begins, the oldest are of least use. */
  dropOldest(): void {
    const [channel] = this.#channels.keys();
    if (channel !== undefined) this.takeFirst(channel);
  }
}
