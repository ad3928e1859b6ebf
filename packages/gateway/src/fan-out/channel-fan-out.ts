import type { LiveMessage } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";
import type { Conflation } from "../namespace-policies.ts";
import { Audience, type LineTraffic, type Seat } from "./audience.ts";
import { EncodedMessage } from "./encoded-message.ts";
import { type FlushBudget, UNLIMITED } from "./flush-budget.ts";
import { type Format, messageFormat } from "./format.ts";

/** One subscribed channel or pattern on this node: what the broker delivers goes to all who sit here. */
export class ChannelFanOut {
  readonly name: string;
  /** One for each format that somebody wanted. Replaced, never changed: it may grow while it is walked over. */
  #audiences: readonly Audience[] = [];
  readonly #batchBytes: number;
  readonly #traffic: LineTraffic;
  readonly #conflate: Conflation;
  /** Those that a walk goes over; `undefined` between walks. */
  #walked: readonly Audience[] | undefined;
  #nextAudience = 0;

  constructor(name: string, batchBytes: number, traffic: LineTraffic, conflate: Conflation = "none") {
    this.name = name;
    this.#batchBytes = batchBytes;
    this.#traffic = traffic;
    this.#conflate = conflate;
  }

  join(seat: Seat): void {
    this.#audience(seat.format).add(seat);
  }

  leave(seat: Seat): void {
    this.#audience(seat.format).remove(seat);
  }

  /**
   * Encodes for the formats present. Runs inside the broker's callback.
   *
   * @param position of a message of a replayable channel.
   * @returns whether it takes the place of one that was held.
   */
  hold(message: LiveMessage, time: number, position: Position | undefined): boolean {
    const encoded = new EncodedMessage(message, time, position);
    const key = this.#conflate === "none" ? undefined : conflateKey(message, this.#conflate);
    let supersedes = false;
    for (const audience of this.#audiences) {
      if (audience.size > 0) {
        const frame = encoded.frame(messageFormat(audience.format));
        supersedes = audience.hold(frame, key) || supersedes;
      }
    }
    return supersedes;
  }

  /** Whether there is something that no walk has begun to hand out. */
  get isHolding(): boolean {
    for (const audience of this.#audiences) {
      if (audience.isHolding) {
        return true;
      }
    }
    return false;
  }

  /**
   * Hands out what was held when it was first called, and goes on from where the last call had to stop: what comes meanwhile waits
   * for the next walk. False if the budget ended it before its end.
   */
  walk(budget: FlushBudget): boolean {
    const walked = this.#walked ?? this.#begin();
    while (this.#nextAudience < walked.length) {
      if (walked[this.#nextAudience]?.walk(budget) === false) {
        return false;
      }
      this.#nextAudience += 1;
    }
    this.#walked = undefined;
    return true;
  }

  /** Hands out everything at once. */
  flush(): void {
    this.walk(UNLIMITED);
    if (this.isHolding) {
      this.walk(UNLIMITED);
    }
  }

  /** Hands one seat what it has not got yet, ahead of the others. */
  serve(seat: Seat): void {
    if (seat.index !== -1) {
      this.#audience(seat.format).serve(seat);
    }
  }

  /** See {@link Audience.relay}. */
  relay(seat: Seat): void {
    this.#audience(seat.format).relay(seat);
  }

  /** See {@link Audience.undelivered}. */
  undelivered(seat: Seat): readonly number[] {
    return this.#audience(seat.format).undelivered();
  }

  seats(): readonly Seat[] {
    return this.#audiences.flatMap((audience) => audience.seats());
  }

  #begin(): readonly Audience[] {
    this.#walked = this.#audiences;
    this.#nextAudience = 0;
    for (const audience of this.#walked) {
      audience.begin();
    }
    return this.#walked;
  }

  #audience(format: Format): Audience {
    // By index: a closure would be allocated for each seat that is served ahead of the others.
    for (let index = 0; index < this.#audiences.length; index += 1) {
      const present = this.#audiences[index];
      if (present?.format === format) {
        return present;
      }
    }
    const audience = new Audience(format, this.#batchBytes, this.#traffic);
    this.#audiences = [...this.#audiences, audience];
    return audience;
  }
}

/** Messages with the same one supersede each other; a pattern has those of several channels. */
function conflateKey({ channel, conflateKey: key }: LiveMessage, by: "latest" | "key"): string | undefined {
  if (by === "latest") {
    return channel;
  }
  // No channel has a blank in it.
  return key === undefined ? undefined : `${channel} ${key}`;
}
