/** How much a node keeps and reads for its tails, and how often it looks for losses. */
export interface TailOptions {
  /** Recent messages kept in memory for those who come back, of all channels together. Default 64 MiB. */
  readonly ringBytes: number;
  /** The same for one channel or pattern, in messages. Default 1 000. */
  readonly ringMessages: number;
  /** Most messages that one join replays; who needs more is told `too_far`. Default 2 000. */
  readonly replayMessages: number;
  /** The same in bytes of payload. Default 8 MiB. */
  readonly replayBytes: number;
  /** JetStream reads of this node at a time. Default 16. */
  readonly mostReads: number;
  /** How often a tick tells that the way through the stream works; the same on all nodes. Default 1 000 ms. */
  readonly tickMs: number;
  /** The heads of all channels are looked at after this and up to as much again. Default 20 000 ms. */
  readonly sweepMs: number;
}

export const TAIL_DEFAULTS: TailOptions = {
  ringBytes: 64 * 1024 * 1024,
  ringMessages: 1_000,
  replayMessages: 2_000,
  replayBytes: 8 * 1024 * 1024,
  mostReads: 16,
  tickMs: 1_000,
  sweepMs: 20_000,
};
