import type { Position, ResetReason } from "@tidegate/protocol";
import type { Broker } from "../src/broker.ts";
import type { BrokerError } from "../src/broker-error.ts";
import type { Follow, Joined, JoinFrom } from "../src/tail/follow.ts";
import { Collector } from "./collector.ts";

/** Follows a channel and remembers everything in the order in which it came. */
export class Follower {
  /** Payloads, and what else was told: `reset:expired`, `closed:denied`. */
  readonly seen = new Collector<string>();
  readonly sequences: number[] = [];
  readonly follow: Follow;

  constructor(broker: Broker, name: string) {
    this.follow = broker.follow(name, {
      message: ({ sequence, payload }) => {
        this.sequences.push(sequence);
        this.seen.push(Buffer.from(payload).toString());
      },
      reset: (reason: ResetReason, _position: Position) => this.seen.push(`reset:${reason}`),
      catchingUp: () => {},
      closed: (error: BrokerError) => this.seen.push(`closed:${error.code}`),
    });
  }

  join(from: JoinFrom): Promise<Joined> {
    return new Promise((resolve) => this.follow.join(from, resolve));
  }

  /** Resumes behind a sequence of the present epoch. */
  since(sequence: number): Promise<Joined> {
    const epoch = this.follow.position?.epoch ?? "";
    return this.join({ kind: "since", cursor: new Map([[epoch, sequence]]) });
  }
}

export function payloadsOf(joined: Joined): readonly string[] {
  return joined.kind === "joined"
    ? joined.messages.map(({ payload }) => Buffer.from(payload).toString())
    : [`${joined.kind}`];
}
