import type { StoredMessage } from "@tidegate/broker";
import { decodeCursor, encodePosition } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeBroker } from "../../testing/fake-broker.ts";
import { EPOCH, type FakeFollow, type FakeJoin, storedMessage } from "../../testing/fake-follow.ts";
import { fakeNode } from "../../testing/fake-node.ts";
import { TestSeat } from "../../testing/test-seat.ts";
import { Traffic } from "../traffic.ts";
import type { HeldChannel } from "./held-channel.ts";
import { Hub } from "./hub.ts";

const CHANNEL = "feed.a";
/** Formats whose frames are JSON, and the one whose are the payload, which here is JSON, too. */
const READABLE = ["json", "json-binary", "object", "raw"] as const;

/** One subscriber of the model: what it wants, and from when to when it sat. */
interface Subscriber {
  readonly held: HeldChannel;
  readonly seat: TestSeat;
  state: "waiting" | "sitting" | "left";
  /** What it must have got, once nothing is held back. */
  due: (number | "reset")[];
}

interface PendingJoin {
  readonly subscriber: Subscriber;
  readonly since: number;
  readonly join: FakeJoin;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      format: fc.constantFrom(...READABLE),
      back: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("answer" as const), pick: fc.nat(), reset: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("slice" as const), seats: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("checkpoint" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reset" as const), skip: fc.nat({ max: 5 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A stream, its tail and the hub on it; keeps book of what each subscriber must have got. */
class Model {
  readonly #hub: Hub;
  readonly #broker = new FakeBroker();
  /** Holds the channel throughout, so that there is one tail. */
  readonly #keeper: HeldChannel;
  readonly #tail: FakeFollow;
  readonly #stored: StoredMessage[] = [];
  readonly #subscribers: Subscriber[] = [];
  #pending: PendingJoin[] = [];
  #last = 0;
  /** How many seats the next slice serves. */
  #seats = 0;

  constructor() {
    const { context } = fakeNode();
    this.#hub = new Hub({
      broker: this.#broker,
      policies: context.policies,
      instruments: context.instruments,
      replayBytes: context.limits.replayBytes,
      budget: {
        start: () => {},
        isSpent: () => {
          this.#seats -= 1;
          return this.#seats < 0;
        },
      },
      batchBytes: context.limits.frameBytes,
      uptime: () => 0,
      traffic: new Traffic(),
      now: () => 0,
      onLost: () => {},
      occupancy: undefined,
    });
    this.#keeper = this.#hub.hold(CHANNEL);
    this.#tail = this.#broker.lastFollow;
  }

  run(taken: Step): void {
    switch (taken.do) {
      case "publish":
        this.#last += 1 + (this.#last % 3);
        this.#stored.push(storedMessage(CHANNEL, this.#last));
        for (const { due } of this.#sitting()) {
          due.push(this.#last);
        }
        this.#tail.message(this.#last);
        return;
      case "flush":
        this.#hub.flush();
        for (const subscriber of this.#sitting()) {
          this.#check(subscriber);
        }
        return;
      case "slice":
        this.#seats = taken.seats;
        this.#hub.advance();
        return;
      case "join":
        this.#join(new TestSeat(taken.format), taken.back);
        return;
      case "answer":
        this.#answer(taken.pick, taken.reset);
        return;
      case "leave":
        this.#leave(taken.pick);
        return;
      case "checkpoint": {
        const subscriber = this.#sitting()[taken.pick % this.#sitting().length];
        expect(this.#keeper.checkpoint()).toStrictEqual(this.#tail.position);
        if (subscriber !== undefined) {
          expect(subscriber.held.checkpoint()).toStrictEqual(this.#tail.position);
          this.#check(subscriber);
        }
        return;
      }
      case "reset":
        // What lies in between is never delivered.
        for (let skipped = 0; skipped < taken.skip; skipped += 1) {
          this.#last += 1;
        }
        for (const { due } of this.#sitting()) {
          due.push("reset");
        }
        this.#tail.reset("overflow", { epoch: EPOCH, sequence: this.#last });
        return;
    }
  }

  finish(): void {
    this.#hub.flush();
    for (const subscriber of this.#subscribers) {
      this.#check(subscriber);
    }
  }

  #sitting(): readonly Subscriber[] {
    return this.#subscribers.filter(({ state }) => state === "sitting");
  }

  #join(seat: TestSeat, back: number): void {
    const subscriber: Subscriber = { held: this.#hub.hold(CHANNEL), seat, state: "waiting", due: [] };
    this.#subscribers.push(subscriber);
    if (back === 0) {
      subscriber.state = "sitting";
      subscriber.held.join({ kind: "now" }, seat, seat.seated);
      return;
    }
    const since = Math.max(0, this.#last - back);
    const cursor = decodeCursor(encodePosition({ epoch: EPOCH, sequence: since })) ?? new Map();
    subscriber.held.join({ kind: "since", cursor }, seat, seat.seated);
    this.#pending.push({ subscriber, since, join: this.#tail.lastJoin });
  }

  #answer(pick: number, reset: boolean): void {
    const pending = this.#pending[pick % this.#pending.length];
    if (pending === undefined) {
      return;
    }
    const { subscriber, since, join } = pending;
    this.#pending = this.#pending.filter((other) => other !== pending);
    const position = { epoch: EPOCH, sequence: this.#last };
    const messages = this.#stored.filter(({ sequence }) => sequence > since);
    if (subscriber.state === "waiting") {
      subscriber.state = "sitting";
      subscriber.due = reset ? ["reset"] : messages.map(({ sequence }) => sequence);
    }
    join.answer(
      reset
        ? { kind: "reset", reason: "expired", position }
        : { kind: "joined", source: "ring", messages, position },
    );
  }

  #leave(pick: number): void {
    const staying = this.#subscribers.filter(({ state }) => state !== "left");
    const subscriber = staying[pick % staying.length];
    if (subscriber !== undefined) {
      // What is held back, one who leaves does not get.
      const { log } = subscriber.seat;
      expect(log).toStrictEqual(subscriber.due.slice(0, log.length));
      subscriber.due = [...log];
      subscriber.state = "left";
      subscriber.held.release();
    }
  }

  #check(subscriber: Subscriber): void {
    const { seat, due, state } = subscriber;
    expect(seat.log).toStrictEqual(due);
    if (state !== "left") {
      expect(seat.outcomes).toHaveLength(state === "waiting" ? 0 : 1);
    }
    const [outcome] = seat.outcomes;
    if (outcome?.kind === "joined") {
      expect(outcome.begin?.sequence).toBe(
        (outcome.frames[0]?.sequence ?? (outcome.position?.sequence ?? 0) + 1) - 1,
      );
    }
    if (seat.format !== "raw") {
      expect(seat.messages.map((message) => (message as { cursor?: string }).cursor)).toStrictEqual(
        seat.sequences.map((sequence) => encodePosition({ epoch: EPOCH, sequence })),
      );
    }
  }
}

describe("a replayable channel", () => {
  it("gives each seat what lies behind its position once and in order, whoever comes, goes, flushes and is reset", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        for (const taken of steps) {
          model.run(taken);
        }
        model.finish();
      }),
      { numRuns: 1_000 },
    );
  });
});
