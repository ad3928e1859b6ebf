import type { Position } from "@tidegate/protocol";
import type { Joined, JoinFrom, Piece, PieceLimits } from "./follow.ts";

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

/** Somebody who goes on after a pause, piece by piece. */
export interface Laggard {
  readonly place: Position;
  readonly most: PieceLimits;
  readonly read: (piece: Piece) => void;
  readonly signal: AbortSignal | undefined;
}

/** It is not waited for any more. */
export function isOff({ signal }: Pick<Joiner, "signal">): boolean {
  return signal?.aborted === true;
}
