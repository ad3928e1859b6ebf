import {
  BrokerError,
  type BrokerErrorCode,
  type Follow,
  type Joined,
  type JoinFrom,
  type Piece,
  type PieceLimits,
  type StoredMessage,
  type TailListener,
} from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";

export const EPOCH = "k3j9x0ab";

/** One wish to join a follow, as the test sees it. */
export interface FakeJoin {
  readonly from: JoinFrom;
  readonly signal: AbortSignal | undefined;
  answer(joined: Joined): void;
}

/** One wish for a piece, likewise. */
export interface FakeCatchUp {
  readonly place: Position;
  readonly most: PieceLimits;
  readonly signal: AbortSignal | undefined;
  answer(piece: Piece): void;
}

export function storedMessage(
  channel: string,
  sequence: number,
  extra: Partial<StoredMessage> = {},
): StoredMessage {
  return {
    channel,
    sequence,
    time: 1_700_000_000_000 + sequence,
    payload: Buffer.from(String(sequence)),
    event: undefined,
    publisher: undefined,
    ...extra,
  };
}

/** A tail without NATS: the test decides when it is ready, what it delivers and what joins come to. */
export class FakeFollow implements Follow {
  readonly target: string;
  readonly ready: Promise<void>;
  readonly joins: FakeJoin[] = [];
  readonly catchUps: FakeCatchUp[] = [];
  position: Position | undefined;
  closes = 0;
  /** Answer those who want to begin now at once, as the real one does when it knows its position. */
  joinsNow = true;
  readonly #listener: TailListener;
  readonly #ready = Promise.withResolvers<void>();

  constructor(target: string, listener: TailListener, sequence = 0) {
    this.target = target;
    this.#listener = listener;
    this.position = { epoch: EPOCH, sequence };
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.#ready.resolve();
  }

  get here(): Position {
    return this.position ?? { epoch: EPOCH, sequence: 0 };
  }

  readonly join = (from: JoinFrom, joined: (joined: Joined) => void, signal?: AbortSignal): void => {
    this.joins.push({
      from,
      signal,
      answer: (outcome) => {
        if (signal?.aborted !== true) {
          joined(outcome);
        }
      },
    });
    if (from.kind === "now" && this.joinsNow) {
      joined({ kind: "joined", source: "none", messages: [], position: this.here });
    }
  };

  readonly catchUp = (
    place: Position,
    most: PieceLimits,
    read: (piece: Piece) => void,
    signal?: AbortSignal,
  ): void => {
    const answer = (piece: Piece): void => {
      if (signal?.aborted !== true) {
        read(piece);
      }
    };
    this.catchUps.push({ place, most, signal, answer });
  };

  readonly close = (): void => {
    this.closes += 1;
  };

  /** Delivers the next message of the stream. */
  message(sequence: number, extra: Partial<StoredMessage> = {}): void {
    this.#listener.message(storedMessage(this.target, sequence, extra));
    this.position = { epoch: this.here.epoch, sequence };
  }

  /** Nothing new up to here. */
  advance(sequence: number): void {
    this.position = { epoch: this.here.epoch, sequence };
  }

  reset(reason: ResetReason, position: Position): void {
    this.position = position;
    this.#listener.reset(reason, position);
  }

  catchingUp(active: boolean): void {
    this.#listener.catchingUp(active);
  }

  lose(code: BrokerErrorCode): void {
    this.#listener.closed(new BrokerError(code, "lost by the test"));
  }

  /** The last wish for a piece, which a test that asks for it knows to be there. */
  get lastCatchUp(): FakeCatchUp {
    const last = this.catchUps.at(-1);
    if (last === undefined) {
      throw new TypeError("nobody catches up");
    }
    return last;
  }

  /** The last wish to join, which a test that asks for it knows to be there. */
  get lastJoin(): FakeJoin {
    const last = this.joins.at(-1);
    if (last === undefined) {
      throw new TypeError("nobody wanted to join");
    }
    return last;
  }
}
