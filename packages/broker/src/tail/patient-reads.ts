import { BrokerError } from "../broker-error.ts";
import type { Answer, TailReads } from "./tail-reads.ts";

/** Pauses before a read that failed is repeated, in ms; after the last one its error is the outcome. */
const FAILURE_PAUSES_MS: readonly number[] = [50, 200, 500, 1_000];
/** Pauses before a replica that is behind is read again, in ms; after the last one the leader is asked. */
const STALE_PAUSES_MS: readonly number[] = [10, 20, 50, 100];

/** The reads of one undertaking, repeated when they fail, and all called off together. */
export class PatientReads {
  readonly #reads: TailReads;
  readonly #onFailed: (error: BrokerError) => void;
  #failures = 0;
  #stale = 0;
  #over = false;

  /** @param onFailed a read failed for good; the undertaking is over. */
  constructor(reads: TailReads, onFailed: (error: BrokerError) => void) {
    this.#reads = reads;
    this.#onFailed = onFailed;
  }

  ask<Value>(read: (reads: TailReads, answer: Answer<Value>) => void, take: (value: Value) => void): void {
    read(this.#reads, (answer) => {
      if (this.#over) return;
      if (!(answer instanceof BrokerError)) {
        this.#failures = 0;
        take(answer);
        return;
      }
      const pause = FAILURE_PAUSES_MS[this.#failures];
      if (!answer.retryable || pause === undefined) {
        this.#over = true;
        this.#onFailed(answer);
        return;
      }
      this.#failures += 1;
      this.wait(pause, () => this.ask(read, take));
    });
  }

  wait(ms: number, then: () => void): void {
    this.#reads.wait(ms, () => {
      if (!this.#over) then();
    });
  }

  /** Gives a replica that is behind some time. @returns false when it has had enough. */
  waitForReplica(then: () => void): boolean {
    const pause = STALE_PAUSES_MS[this.#stale];
    if (pause === undefined) return false;
    this.#stale += 1;
    this.wait(pause, then);
    return true;
  }

  /** What is still on its way is ignored. */
  end(): void {
    this.#over = true;
  }
}
