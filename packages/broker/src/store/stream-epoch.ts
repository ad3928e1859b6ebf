import { createHash } from "node:crypto";

/**
 * Metadata of a stream that is changed when cursors must not be trusted any more although the stream was not made
 * again: after it was restored from a copy, or has lost its newest messages.
 */
export const EPOCH_METADATA = "tidegate.epoch";

const EPOCH_LENGTH = 8;
const EPOCHS = 36n ** BigInt(EPOCH_LENGTH);
/** Enough of the digest that the remainder is as good as even. */
const DIGEST_BYTES = 12;

/**
 * Names one life of a stream in cursors.
 *
 * @param created as the server writes it: the same on all replicas, after updates, purges and restarts.
 * @param bump value of {@link EPOCH_METADATA}, empty if there is none.
 */
export function streamEpoch(stream: string, created: string, bump: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([stream, created, bump]))
    .digest("hex");
  const number = BigInt(`0x${digest.slice(0, DIGEST_BYTES * 2)}`) % EPOCHS;
  return number.toString(36).padStart(EPOCH_LENGTH, "0");
}
