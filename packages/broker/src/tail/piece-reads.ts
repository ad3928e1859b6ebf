import type { StoredMessage } from "../store/stored-message.ts";
import type { PieceLimits } from "./follow.ts";
import type { Laggard } from "./joiner.ts";
import { isOff } from "./joiner.ts";
import type { RangeOutcome, RangeSpec } from "./range-fetch.ts";
import { RangeFetch } from "./range-fetch.ts";
import type { Ring } from "./ring.ts";
import { costOf } from "./ring.ts";
import type { TailState } from "./tail-state.ts";

/** What was read, for whoever stands within it; `soundFrom` is from where on nothing is missing. */
type Read = RangeOutcome & { readonly kind: "fetched" };

/** So many pieces are read at once: what proves a read costs as much as the read. */
const PIECES_AT_ONCE = 4;
/** So long after it was last of use a read is kept. */
const KEPT_MS = 1_000;

/**
 * Reads what is older than the ring for those who catch up, some pieces at a time and one read after another: laggards are many
 * when something stalls, and they can wait. Whoever stands within what was read last gets a piece of it.
 */
export class PieceReads {
  readonly #tail: TailState;
  readonly #ring: Ring;
  readonly #again: (laggard: Laggard) => void;
  #waiting: Laggard[] = [];
  #fetch: RangeFetch | undefined;
  #kept: Read | undefined;
  /** The read that was kept was of use, since it was last asked. */
  #isUsed = false;

  /** @param again another look may do without the stream now. */
  constructor(tail: TailState, ring: Ring, again: (laggard: Laggard) => void) {
    this.#tail = tail;
    this.#ring = ring;
    this.#again = again;
  }

  add(laggard: Laggard): void {
    const kept = this.#kept;
    const { sequence } = laggard.place;
    if (kept !== undefined && sequence >= kept.soundFrom && sequence < this.#upTo(kept)) {
      this.#isUsed = true;
      this.#serve(laggard, kept, this.#upTo(kept));
      return;
    }
    this.#waiting.push(laggard);
    this.#begin();
  }

  takeAll(): readonly Laggard[] {
    this.#fetch?.cancel();
    this.#fetch = undefined;
    this.#kept = undefined;
    return this.#waiting.splice(0);
  }

  #begin(): void {
    if (this.#fetch !== undefined) return;
    this.#waiting = this.#waiting.filter((laggard) => !isOff(laggard));
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { filter, isPattern, epoch, reads, limits, rules } = this.#tail;
    const from = first.place.sequence;
    const spec: RangeSpec = {
      filter,
      isPattern,
      epoch,
      from,
      target: this.#ring.from,
      targetIsBound: !this.#ring.fromIsMessage,
      proof: "from",
      onTooFar: () => "stop",
    };
    const messages = first.most.messages * PIECES_AT_ONCE;
    const bytes = first.most.bytes * PIECES_AT_ONCE;
    const bounds = {
      ...limits,
      replayMessages: messages,
      replayBytes: bytes,
      // What is too much is read in vain.
      batchMessages: Math.min(limits.batchMessages, messages),
      batchBytes: Math.min(limits.batchBytes, bytes),
    };
    const done = (outcome: RangeOutcome): void => this.#onFetched(from, outcome);
    this.#fetch = new RangeFetch({ reads, limits: bounds, rules }, spec, done);
    this.#fetch.start();
  }

  #onFetched(from: number, outcome: RangeOutcome): void {
    this.#fetch = undefined;
    if (outcome.kind === "moved") {
      this.#tail.restart("epoch", outcome.state.epoch, outcome.state.lastSequence);
      return;
    }
    if (outcome.kind === "fetched") this.#keep(outcome);
    const upTo = this.#upTo(outcome);
    const served = this.#waiting.filter(({ place }) => place.sequence >= from && place.sequence < upTo);
    this.#waiting = this.#waiting.filter((laggard) => !served.includes(laggard));
    for (const laggard of served) {
      if (!isOff(laggard)) this.#serve(laggard, outcome, upTo);
    }
    // The ring may have come to reach back to some of them.
    for (const laggard of this.#waiting.splice(0)) this.#again(laggard);
  }

  #keep(read: Read): void {
    this.#kept = read;
    this.#isUsed = true;
    this.#forgetLater(read);
  }

  #forgetLater(read: Read): void {
    this.#tail.reads.wait(KEPT_MS, () => {
      if (this.#kept !== read) return;
      if (this.#isUsed) {
        this.#isUsed = false;
        this.#forgetLater(read);
      } else {
        this.#kept = undefined;
      }
    });
  }

  /** What the tail has still to deliver is not passed over. */
  #upTo(outcome: RangeOutcome): number {
    return outcome.kind === "fetched"
      ? Math.min(outcome.upTo, this.#tail.progress.highest)
      : Number.POSITIVE_INFINITY;
  }

  #serve(laggard: Laggard, outcome: Exclude<RangeOutcome, { kind: "moved" }>, upTo: number): void {
    const { epoch, progress } = this.#tail;
    const { place, most, read } = laggard;
    const here = { epoch, sequence: progress.floor };
    if (outcome.kind === "failed") {
      read(outcome);
    } else if (outcome.kind === "too_far") {
      read({ kind: "reset", reason: "too_far", position: here });
    } else if (outcome.kind !== "fetched" || place.sequence < outcome.soundFrom) {
      read({ kind: "reset", reason: "expired", position: here });
    } else {
      const found = outcome.messages.filter((message) => this.#isOf(message, place.sequence));
      const messages = pieceOf(found, most);
      const last = messages.at(-1);
      const sequence = last === undefined || messages.length === found.length ? upTo : last.sequence;
      read({ kind: "more", source: "stream", messages, position: { epoch, sequence } });
    }
  }

  /** What was not delivered yet will be. */
  #isOf({ sequence, channel }: StoredMessage, behind: number): boolean {
    return sequence > behind && this.#tail.isMine(channel) && sequence <= this.#tail.progress.known(channel);
  }
}

/** The first of these messages, as many as one piece may hold; one in any case. */
export function pieceOf(messages: readonly StoredMessage[], most: PieceLimits): readonly StoredMessage[] {
  let bytes = 0;
  for (let count = 0; count < messages.length; count++) {
    const message = messages[count];
    bytes += message === undefined ? 0 : costOf(message);
    if (count > 0 && (count >= most.messages || bytes > most.bytes)) return messages.slice(0, count);
  }
  return messages;
}
