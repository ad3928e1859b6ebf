/** Bounds on what one tail keeps and reads. */
export interface TailLimits {
  /** Messages that may wait behind gaps; more end in a reset. */
  readonly heldMessages: number;
  readonly heldBytes: number;
  /** Messages that one recovery may bring; who needs more is told `too_far`. */
  readonly replayMessages: number;
  readonly replayBytes: number;
  /**
   * Messages and bytes asked for in one read. A batch is not paced: more bytes would make this node the slow consumer, and the server
   * locks the stream while it gathers.
   */
  readonly batchMessages: number;
  readonly batchBytes: number;
  /**
   * How far below the lowest cursor a recovery of one channel begins to read, in sequences, at most. Where all come back at once, the
   * next one's cursor is often a little lower, because it saw fewer of the other channels; it would cost another read of the same.
   */
  readonly reachBack: number;
}

export const TAIL_LIMITS: TailLimits = {
  heldMessages: 10_000,
  heldBytes: 16 * 1024 * 1024,
  replayMessages: 2_000,
  replayBytes: 8 * 1024 * 1024,
  batchMessages: 128,
  batchBytes: 256 * 1024,
  reachBack: 512,
};
