/**
 * Why continuity cannot be proven. Told in `reset`; the source of the type, the table in PROTOCOL.md and the metric label.
 * A client does the same for all of them: it fetches its state anew and goes on from the new cursor.
 */
export const RESET_REASONS = {
  expired: "Messages behind the cursor are no longer kept.",
  epoch:
    "The cursor is of another life of the store: it was deleted and made again, restored, or belongs to another deployment.",
  future: "The cursor is beyond the end of the store, which has lost messages, or the cursor is forged.",
  too_far: "More messages than the node replays at once lie behind the cursor. Read them with `history`.",
  unavailable: "The store could not be read to the point where continuity is proven.",
  overflow: "More messages came while the node was repairing a gap than it may hold.",
} as const;

export type ResetReason = keyof typeof RESET_REASONS;
