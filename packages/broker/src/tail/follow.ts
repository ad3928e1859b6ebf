import type { Cursor, Position, ResetReason } from "@tidegate/protocol";
import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";

/**
 * Gets what a tail delivers. Calls come synchronously, one after another, never from within `follow` or `join`'s own
 * caller twice for one event; what they throw is counted and reported.
 */
export interface TailListener {
  /** The next message. Of one channel: each once, in the order of the stream. */
  message(message: StoredMessage): void;
  /** Continuity is lost: messages may be missing here. What follows goes on behind `position`. */
  reset(reason: ResetReason, position: Position): void;
  /**
   * `true`: messages may be missing behind the last one delivered and are being looked for; nobody may be told a cursor beyond
   * {@link Follow.position} until `false`, which comes after what was found.
   */
  catchingUp(active: boolean): void;
  /** The tail has ended for good; called once, not after `close`. */
  closed(error: BrokerError): void;
}

/** Where a subscriber wants to begin. */
export type JoinFrom =
  | { readonly kind: "now" }
  | { readonly kind: "since"; readonly cursor: Cursor }
  /** Not for patterns. */
  | { readonly kind: "last"; readonly count: number };

/** Where a subscriber begins. `messages` have to be delivered first; the listener's next message comes right behind them. */
export type Joined =
  | {
      readonly kind: "joined";
      /** Where `messages` were found; `none` if there was nothing to look for. */
      readonly source: "none" | "ring" | "stream";
      readonly messages: readonly StoredMessage[];
      readonly position: Position;
    }
  /** Continuity with the cursor cannot be proven. Goes on behind `position`. */
  | { readonly kind: "reset"; readonly reason: ResetReason; readonly position: Position }
  | { readonly kind: "failed"; readonly error: BrokerError };

/** How much one piece may hold; a single message may be larger. */
export interface PieceLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** What somebody gets who catches up. */
export type Piece =
  /** There is no more: as for who joins. */
  | Joined
  /** There is more: it goes on behind `position`. */
  | {
      readonly kind: "more";
      readonly source: "ring" | "stream";
      readonly messages: readonly StoredMessage[];
      readonly position: Position;
    };

/** One listener on the tail of a replayable channel or pattern. Those of the same one share a NATS subscription and a ring. */
export interface Follow {
  /** Settles when the tail knows its position and delivers; rejects with a BrokerError. */
  readonly ready: Promise<void>;
  /** Everything up to here is known to have been delivered to the listener; undefined before `ready`. Advances on quiet channels, too. */
  readonly position: Position | undefined;
  /**
   * Calls `joined` exactly once, unless `signal` aborts before, at the very moment at which `messages` end where the listener's
   * stream goes on: whatever has been passed to {@link TailListener.message} before is in `messages` or older than
   * asked for. May call before it returns.
   */
  join(from: JoinFrom, joined: (joined: Joined) => void, signal?: AbortSignal): void;
  /**
   * As {@link join}, for somebody who has got everything that the listener was given up to `place` and nothing since, and who takes
   * what lies behind piece by piece, however much it is: `read` is called once for each time this is asked for.
   *
   * Of a pattern, a message that is not behind `place` may still be delivered to the listener, since it was missing until then. No
   * piece behind `place` holds it: whoever catches up has to see to it that it does not pass.
   */
  catchUp(place: Position, most: PieceLimits, read: (piece: Piece) => void, signal?: AbortSignal): void;
  /** Leaves. The tail lingers for others. */
  close(): void;
}
