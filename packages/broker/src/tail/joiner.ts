import type { Joined, JoinFrom } from "./follow.ts";

/** Somebody who wants to begin and has not been answered. */
export interface Joiner {
  readonly from: JoinFrom;
  readonly joined: (joined: Joined) => void;
  readonly signal: AbortSignal | undefined;
}

/** A joiner with a cursor of this stream. */
export interface Resumer extends Joiner {
  readonly cursor: number;
}

/** A joiner who wants the newest messages. */
export interface Latecomer extends Joiner {
  readonly count: number;
}
