import type { BrokerError, Joined, JoinFrom, LiveSubscription, Piece, PieceLimits } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";

/** Where a subscriber begins, like the broker's `Joined`; a live channel has no position. */
export type SourceJoined =
  | (Omit<Joined & { readonly kind: "joined" }, "position"> & { readonly position: Position | undefined })
  | (Joined & { readonly kind: "reset" | "failed" });

/** Where the messages of a channel come from: the broker's subscription to a live channel, or its follow of a replayable one. */
export interface ChannelSource {
  /** Rejects with a BrokerError. */
  readonly ready: Promise<void>;
  readonly position: Position | undefined;
  join(from: JoinFrom, joined: (joined: SourceJoined) => void, signal: AbortSignal | undefined): void;
  /** Of a replayable channel, see `Follow`. */
  catchUp(place: Position, most: PieceLimits, read: (piece: Piece) => void, signal: AbortSignal): void;
  close(): void;
}

const JOINED_NOW: SourceJoined = { kind: "joined", source: "none", messages: [], position: undefined };

/** @param onFault told what `joined` throws. */
export function liveSource(subscription: LiveSubscription, onFault: (error: unknown) => void): ChannelSource {
  const { ready } = subscription;
  return {
    ready,
    position: undefined,
    join: (_from, joined) => {
      if (subscription.isReady) {
        joined(JOINED_NOW);
        return;
      }
      ready
        .then(
          () => joined(JOINED_NOW),
          (error: BrokerError) => joined({ kind: "failed", error }),
        )
        .catch(onFault);
    },
    catchUp: () => {
      throw new TypeError("what a live channel brought can't be read again");
    },
    close: () => subscription.close(),
  };
}
