import type { ResetReason } from "@tidegate/protocol";
import type { StoredMessage } from "../store/stored-message.ts";
import type { Progress } from "./progress.ts";
import type { RangeFetchParts } from "./range-fetch.ts";
import type { TailCounts } from "./tail-stats.ts";

/** What the parts of a tail share, and what they may do to it. */
export interface TailState extends RangeFetchParts {
  /** Channel or pattern. */
  readonly filter: string;
  readonly isPattern: boolean;
  readonly epoch: string;
  readonly progress: Progress;
  readonly counts: TailCounts;
  /** Messages are known to be missing. */
  readonly hasHoles: boolean;
  /** Whether messages of the channel are delivered; internal ones that a pattern matches are not. */
  isMine(channel: string): boolean;
  /** Time of a delivered message, if it is still known. */
  timeOf(sequence: number): number | undefined;
  /** Messages of the channel up to `target` are stored: sees to it that they are delivered. */
  demand(channel: string, target: number): void;
  /** These messages, by channel, were stored: they have been delivered or must not be passed over. */
  expect(heads: ReadonlyMap<string, number>): void;
  /** Delivers those of a complete range that have not been delivered yet. */
  fill(messages: readonly StoredMessage[]): void;
  /** Everything up to `floor` is delivered. */
  raise(floor: number): void;
  /** Gives up on what is missing, tells everybody, and goes on behind `floor`. */
  restart(reason: ResetReason, epoch: string, floor: number): void;
  /** The stream has given out a sequence twice. */
  regressed(): void;
}
