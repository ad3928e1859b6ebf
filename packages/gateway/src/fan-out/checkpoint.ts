import { encodeCursor, MAX_CURSOR_NAMESPACES } from "@tidegate/protocol";
import type { HeldChannel } from "./held-channel.ts";

/** What a checkpoint needs to know of a channel that a connection sits in. */
export type CheckpointChannel = Pick<HeldChannel, "checkpoint" | "lastSequence">;

/**
 * Cursor up to which everything of all these replayable channels has been delivered, and behind which nothing has: resuming any
 * of them from it loses nothing and repeats nothing. Delivers first what is held back for this turn.
 *
 * `undefined` if there is none: without channels, while one that is being repaired stands behind the others, or if they are
 * of more namespaces than a cursor can hold.
 */
export function checkpointOf(channels: readonly CheckpointChannel[]): string | undefined {
  const lowest = new Map<string, number>();
  const highest = new Map<string, number>();
  for (const channel of channels) {
    const position = channel.checkpoint();
    if (position === undefined) {
      return undefined;
    }
    const { epoch, sequence } = position;
    lowest.set(epoch, Math.min(lowest.get(epoch) ?? sequence, sequence));
    highest.set(epoch, Math.max(highest.get(epoch) ?? 0, channel.lastSequence));
  }
  if (lowest.size === 0 || lowest.size > MAX_CURSOR_NAMESPACES) {
    return undefined;
  }
  const positions = [...lowest].map(([epoch, sequence]) => ({ epoch, sequence }));
  return positions.some(({ epoch, sequence }) => (highest.get(epoch) ?? 0) > sequence)
    ? undefined
    : encodeCursor(positions);
}
