import type { Joined, JoinFrom, LiveSubscription, Piece, PieceLimits } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";

/** Where a subscriber begins, like the broker's `Joined`; a live channel has no position. */
export type SourceJoined =
  | (Omit<Joined & { readonly kind: "joined" }, "position"> & { readonly position: Position | undefined })
  | (Joined & { readonly kind: "reset" | "failed" });

/** Where the messages of a channel come from: the broker's subscription to a live channel, or its follow of a replayable one. */
export interface ChannelSource {
  readonly position: Position | undefined;
  join(from: JoinFrom, joined: (joined: SourceJoined) => void, signal: AbortSignal | undefined): void;
  /** Of a replayable channel, see `Follow`. */
  catchUp(place: Position, most: PieceLimits, read: (piece: Piece) => void, signal: AbortSignal): void;
  close(): void;
}

const JOINED_NOW: SourceJoined = { kind: "joined", source: "none", messages: [], position: undefined };

export class LiveSource implements ChannelSource {
  readonly position: undefined = undefined;
  readonly #subscription: LiveSubscription;

  constructor(subscription: LiveSubscription) {
    this.#subscription = subscription;
  }

  join(_from: JoinFrom, joined: (joined: SourceJoined) => void): void {
    if (this.#subscription.isReady) {
      joined(JOINED_NOW);
    } else {
      this.#subscription.onSettled((error) =>
        joined(error === undefined ? JOINED_NOW : { kind: "failed", error }),
      );
    }
  }

  catchUp(): void {
    throw new TypeError("what a live channel brought can't be read again");
  }

  close(): void {
    this.#subscription.close();
  }
}
