import { createHash } from "node:crypto";

/** Sets these apart from message ids that backends choose, and from those of ticks. */
const PREFIX = "key-";

/**
 * An idempotency key as the store gets it. There it is one of the message ids of a whole stream, so it is bound to user and
 * channel in a way that no other user and channel can arrive at. Anonymous clients count as one user: they have no name that
 * outlives the connection, and a key is for what comes after its end.
 */
export function scopedKey(user: string | undefined, channel: string, key: string): string {
  // None of the parts can hold a control character.
  const text = `${user === undefined ? "anonymous" : `user\0${user}`}\0${channel}\0${key}`;
  return PREFIX + createHash("sha256").update(text).digest("base64url");
}
