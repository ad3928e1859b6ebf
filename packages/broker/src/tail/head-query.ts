import type { BrokerError } from "../broker-error.ts";
import type { Heads } from "../store/stream-reader.ts";
import { PatientReads } from "./patient-reads.ts";
import type { TailReads } from "./tail-reads.ts";

/**
 * - `heads`: newest sequences as somebody knew them who knew the stream up to `upTo`, and that is far enough.
 * - `unknown`: a pattern with too many channels, or no replica that is far enough; the messages have to be read instead.
 */
export type HeadAnswer =
  | { readonly kind: "heads"; readonly heads: ReadonlyMap<string, number>; readonly upTo: number }
  | { readonly kind: "unknown" }
  | { readonly kind: "failed"; readonly error: BrokerError };

export interface HeadQuestion {
  /** Channel or pattern. */
  readonly filter: string;
  readonly isPattern: boolean;
  /** Up to where the answer has to know the stream. */
  readonly bound: number;
  /** Told of every answer, also of those that do not know enough: what they name was stored. */
  readonly onSeen: (heads: ReadonlyMap<string, number>) => void;
}

/** Finds the newest sequences of a tail's channels as of some point of the stream, whatever single replicas know. */
export class HeadQuery {
  readonly #question: HeadQuestion;
  readonly #reads: PatientReads;
  readonly #done: (answer: HeadAnswer) => void;

  constructor(reads: TailReads, question: HeadQuestion, done: (answer: HeadAnswer) => void) {
    this.#question = question;
    this.#done = done;
    this.#reads = new PatientReads(reads, (error) => done({ kind: "failed", error }));
  }

  start(): void {
    this.#reads.ask<Heads | undefined>(
      (reads, answer) => reads.heads(this.#question.filter, answer),
      (heads) => this.#take(heads),
    );
  }

  cancel(): void {
    this.#reads.end();
  }

  #take(answer: Heads | undefined): void {
    if (answer !== undefined) this.#question.onSeen(answer.heads);
    if (answer === undefined) this.#finish({ kind: "unknown" });
    else if (answer.upTo >= this.#question.bound && answer.upTo > 0)
      this.#finish({ kind: "heads", ...answer });
    else if (!this.#reads.waitForReplica(() => this.start())) this.#askLeader();
  }

  #askLeader(): void {
    const { filter, isPattern, bound } = this.#question;
    if (isPattern) {
      this.#finish({ kind: "unknown" });
      return;
    }
    this.#reads.ask<number>(
      (reads, answer) => reads.head(filter, answer),
      (head) => {
        const heads = new Map(head === 0 ? [] : [[filter, head]]);
        this.#question.onSeen(heads);
        // The leader knows at least what it has told, and the bound came from it.
        this.#finish({ kind: "heads", heads, upTo: Math.max(bound, head) });
      },
    );
  }

  #finish(answer: HeadAnswer): void {
    this.#reads.end();
    this.#done(answer);
  }
}
