import { missed, received, repeated } from "./metrics.ts";

/** What publishers of the scenarios send. */
export interface NumberedData {
  /** From 0, without a gap. */
  readonly n: number;
  /** When it was published, in Unix milliseconds of this process. */
  readonly at: number;
}

export function isNumbered(value: unknown): value is NumberedData {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<NumberedData>).n === "number" &&
    typeof (value as Partial<NumberedData>).at === "number"
  );
}

/** Checks that one subscriber gets each message of one publisher once and in order. */
export class MessageAccount {
  #next: number | undefined;

  /** Numbers below have all been seen, or counted as missed. */
  get next(): number {
    return this.#next ?? 0;
  }

  /** @param from the number that should come first; absent: whichever does */
  constructor(from?: number) {
    this.#next = from;
  }

  /** True for a message that it had not seen. */
  take({ n }: NumberedData): boolean {
    const next = this.#next ?? n;
    if (n < next) {
      repeated.add(1);
      return false;
    }
    if (n > next) {
      missed.add(n - next);
    }
    this.#next = n + 1;
    received.add(1);
    return true;
  }

  /** Counts what is missing of `count` messages at the end. */
  close(count: number): void {
    if (this.next < count) {
      missed.add(count - this.next);
    }
  }
}
