import { setImmediate, setTimeout } from "node:timers/promises";
import { isPattern } from "@tidegate/protocol";
import type { Heads, StreamReader } from "../store/stream-reader.ts";
import type { ReadLimiter } from "./read-limiter.ts";

/** Channels of one request: 1,024 are what the server answers for, and the reader adds the tick. */
const MOST_CHANNELS = 1_023;
/** Rounds begin at least so far apart: in a storm of clients who come back, the channels of all within this time share one. */
const PAUSE_MS = 50;
const NO_HEADS: ReadonlyMap<string, number> = new Map();

interface Round {
  readonly channels: Set<string>;
  readonly heads: Promise<Heads | undefined>;
}

/**
 * Asks for the heads of many channels at once: questions of one turn of the event loop, or of the pause after a request, share
 * a request, so that all channels of a node together cost few reads where all are asked for, after a reconnect or in a sweep.
 */
export class SharedHeads {
  readonly #reader: StreamReader;
  readonly #limiter: ReadLimiter;
  #gathering: Round | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(reader: StreamReader, limiter: ReadLimiter) {
    this.#reader = reader;
    this.#limiter = limiter;
  }

  /** As `StreamReader.heads`, of one channel or pattern. */
  async heads(filter: string): Promise<Heads | undefined> {
    if (isPattern(filter)) return await this.#limiter.run(() => this.#reader.heads(filter));
    let round = this.#gathering;
    if (round === undefined || round.channels.size >= MOST_CHANNELS) {
      round = this.#open();
      this.#gathering = round;
    }
    round.channels.add(filter);
    const answer = await round.heads;
    const head = answer?.heads.get(filter);
    return answer && { upTo: answer.upTo, heads: head === undefined ? NO_HEADS : new Map([[filter, head]]) };
  }

  #open(): Round {
    const channels = new Set<string>();
    const round: Round = {
      channels,
      heads: this.#pause().then(() => {
        if (this.#gathering === round) this.#gathering = undefined;
        this.#askedAt = performance.now();
        return this.#limiter.run(() => this.#reader.heads([...channels]));
      }),
    };
    return round;
  }

  async #pause(): Promise<void> {
    const pause = this.#askedAt + PAUSE_MS - performance.now();
    await (pause > 0 ? setTimeout(pause) : setImmediate());
  }
}
