import type {
  Follow,
  Joined,
  JoinFrom,
  Piece,
  PieceLimits,
  StoredMessage,
  TailListener,
} from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import { EPOCH, storedMessage } from "./fake-follow.ts";

interface Asked {
  readonly signal: AbortSignal | undefined;
  answer(reset: ResetReason | undefined, most: number): void;
}

/**
 * A tail that behaves: it delivers what is published, of a pattern also late, answers when the test says so, and then exactly as
 * it stands at that moment.
 */
export class ModelTail implements Follow {
  readonly target: string;
  readonly ready: Promise<void> = Promise.resolve();
  /** In the order of delivery, since the last reset. */
  #delivered: StoredMessage[] = [];
  /** Of a pattern: stored, and not here yet. */
  #missing: StoredMessage[] = [];
  #asked: Asked[] = [];
  #base = 0;
  #highest = 0;
  #isInterrupted = false;
  readonly #listener: TailListener;
  readonly #epoch: string;

  constructor(target: string, listener: TailListener, sequence: number, epoch: string = EPOCH) {
    this.#epoch = epoch;
    this.target = target;
    this.#listener = listener;
    this.#base = sequence;
    this.#highest = sequence;
  }

  get position(): Position {
    const lowest = Math.min(...this.#missing.map(({ sequence }) => sequence - 1));
    return { epoch: this.#epoch, sequence: Math.min(lowest, this.#highest) };
  }

  get delivered(): readonly StoredMessage[] {
    return this.#delivered;
  }

  get waiting(): number {
    this.#asked = this.#asked.filter(({ signal }) => signal?.aborted !== true);
    return this.#asked.length;
  }

  publish(channel: string, sequence: number): void {
    const message = storedMessage(channel, sequence);
    if (this.#isInterrupted || this.#missing.some((other) => other.channel === channel)) {
      this.#missing.push(message);
    } else {
      this.#deliver(message);
    }
  }

  /** A message of a pattern does not get here. */
  lose(channel: string, sequence: number): void {
    this.#missing.push(storedMessage(channel, sequence));
  }

  /** Nothing gets here until it is repaired, and the tail knows. */
  interrupt(): void {
    if (!this.#isInterrupted) {
      this.#isInterrupted = true;
      this.#listener.catchingUp(true);
    }
  }

  /** What is missing is found. */
  repair(): void {
    const found = this.#missing;
    this.#missing = [];
    for (const message of found) {
      this.#deliver(message);
    }
    if (this.#isInterrupted) {
      this.#isInterrupted = false;
      this.#listener.catchingUp(false);
    }
  }

  reset(reason: ResetReason, sequence: number): void {
    this.#delivered = [];
    this.#missing = [];
    this.#base = sequence;
    this.#highest = sequence;
    this.#listener.reset(reason, this.position);
    for (const asked of this.#asked.splice(0)) {
      asked.answer(reason, 0);
    }
  }

  /** Answers one of those who wait: with a reset, or so many messages at most. */
  answer(pick: number, reset: ResetReason | undefined, most: number): void {
    const [asked] = this.waiting === 0 ? [] : this.#asked.splice(pick % this.#asked.length, 1);
    asked?.answer(reset, most);
  }

  readonly join = (from: JoinFrom, joined: (joined: Joined) => void, signal?: AbortSignal): void => {
    if (from.kind === "now") {
      joined({ kind: "joined", source: "none", messages: [], position: this.position });
      return;
    }
    const since = from.kind === "since" ? (from.cursor.get(this.#epoch) ?? 0) : 0;
    this.#ask(signal, (reset) => {
      // Whoever was there before says that the stream has come so far.
      this.#highest = Math.max(this.#highest, since);
      // What was before the last reset can't be had.
      const { position } = this;
      joined(
        reset !== undefined || since < this.#base
          ? { kind: "reset", reason: reset ?? "expired", position }
          : { kind: "joined", source: "stream", messages: this.behind(since), position },
      );
    });
  };

  readonly catchUp = (
    place: Position,
    limits: PieceLimits,
    read: (piece: Piece) => void,
    signal?: AbortSignal,
  ): void => {
    this.#ask(signal, (reset, most) => {
      const { position } = this;
      const behind = this.behind(place.sequence);
      const messages = behind.slice(0, Math.min(most, limits.messages));
      if (reset !== undefined) {
        read({ kind: "reset", reason: reset, position });
      } else if (messages.length === behind.length) {
        read({ kind: "joined", source: "ring", messages, position });
      } else {
        const sequence = messages.at(-1)?.sequence ?? place.sequence;
        read({ kind: "more", source: "stream", messages, position: { epoch: this.#epoch, sequence } });
      }
    });
  };

  readonly close = (): void => {
    this.#asked = [];
  };

  /** Delivered messages behind a sequence, in the order of the stream. */
  behind(since: number): readonly StoredMessage[] {
    return this.#delivered
      .filter(({ sequence }) => sequence > since)
      .sort((left, right) => left.sequence - right.sequence);
  }

  #ask(signal: AbortSignal | undefined, answer: Asked["answer"]): void {
    this.#asked.push({
      signal,
      answer: (reset, most) => {
        if (signal?.aborted !== true) {
          answer(reset, most);
        }
      },
    });
  }

  #deliver(message: StoredMessage): void {
    this.#delivered.push(message);
    this.#highest = Math.max(this.#highest, message.sequence);
    this.#listener.message(message);
  }
}
