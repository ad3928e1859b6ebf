import type { Position } from "@tidegate/protocol";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { OrderedChannel } from "./channel-states.ts";
import { NamespaceOrder, type Placed } from "./namespace-order.ts";

const EPOCH = "k3j9x0ab";

class Channel implements OrderedChannel {
  epoch = EPOCH;
  sequence: number;

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  position(): Position {
    return { epoch: this.epoch, sequence: this.sequence };
  }

  readonly proofs: { readonly place: Position; readonly done: () => void }[] = [];

  serve(): void {}

  fallBehind(): number {
    throw new TypeError("everything is taken");
  }

  prove(place: Position, done: () => void): void {
    this.proofs.push({ place, done });
  }
}

interface Item extends Placed {
  readonly name?: string;
}

const at = (...sequences: number[]): Item[] => sequences.map((sequence) => ({ sequence }));
const NOTICE: Item = { sequence: 0, name: "notice" };

interface Released {
  readonly items: readonly Item[];
  readonly mark: number;
}

class Fixture {
  readonly released: Released[] = [];
  flushes = 0;
  readonly order = new NamespaceOrder<Item>({
    release: (items, mark) => {
      this.released.push({ items, mark });
      return true;
    },
    fellBehind: () => {},
    readable: () => {},
    flushLater: () => {
      this.flushes += 1;
    },
    settling: () => {},
  });
  readonly channels: Channel[];

  constructor(...positions: number[]) {
    this.channels = positions.map((sequence) => new Channel(sequence));
    for (const channel of this.channels) {
      this.order.add(channel);
    }
  }

  channel(index: number): Channel {
    const channel = this.channels[index];
    if (channel === undefined) {
      throw new TypeError("no such channel");
    }
    return channel;
  }

  begin(): void {
    this.order.prepare();
    this.order.begin();
  }

  /** All stand, with nothing to be replayed. */
  steady(): void {
    for (const channel of this.channels) {
      this.order.joined(channel, EPOCH, []);
    }
    this.begin();
  }

  get sequences(): number[] {
    return this.released.flatMap(({ items }) => items.map(({ sequence }) => sequence));
  }
}

let one: Fixture;
let two: Fixture;
beforeEach(() => {
  one = new Fixture(10);
  two = new Fixture(10, 10);
});

describe("a namespace with one channel", () => {
  it("lets go at once what comes", () => {
    one.steady();
    expect(one.order.mark).toStrictEqual({ epoch: EPOCH, sequence: 10 });
    one.order.deliver(one.channel(0), at(11, 12));
    expect(one.released).toStrictEqual([{ items: at(11, 12), mark: 10 }]);
    expect(one.order.mark?.sequence).toBe(12);
    expect(one.flushes).toBe(0);
  });

  it("begins with what is replayed, behind the place that it was resumed from", () => {
    one.order.joined(one.channel(0), EPOCH, at(7, 9), { since: 5 });
    expect(one.order.hasJoined).toBe(true);
    one.order.prepare();
    expect(one.order.mark?.sequence).toBe(6);
    expect(one.released).toStrictEqual([]);
    one.order.begin();
    expect(one.released).toStrictEqual([{ items: at(7, 9), mark: 6 }]);
    expect(one.order.mark?.sequence).toBe(10);
  });

  it("holds while it is behind, and lets go in order", () => {
    one.steady();
    one.order.catchingUp(one.channel(0), true);
    one.order.deliver(one.channel(0), at(11));
    one.order.deliver(one.channel(0), at(12, 14));
    expect(one.released).toStrictEqual([]);
    expect(one.order.isSteady).toBe(false);
    one.channel(0).sequence = 14;
    one.order.catchingUp(one.channel(0), false);
    expect(one.sequences).toStrictEqual([11, 12, 14]);
    expect(one.order.isSteady).toBe(true);
  });

  it("tells a reset from where it goes on", () => {
    one.steady();
    one.channel(0).sequence = 300;
    one.order.reset(one.channel(0), { epoch: EPOCH, sequence: 300 }, NOTICE);
    expect(one.released).toStrictEqual([{ items: [NOTICE], mark: 300 }]);
  });

  it("goes on in another epoch, whose places are smaller", () => {
    one.steady();
    Object.assign(one.channel(0), { epoch: "zzzzzzzz", sequence: 3 });
    one.order.reset(one.channel(0), { epoch: "zzzzzzzz", sequence: 3 }, NOTICE);
    expect(one.order.mark).toStrictEqual({ epoch: "zzzzzzzz", sequence: 3 });
    one.order.deliver(one.channel(0), at(4));
    expect(one.released.at(-1)).toStrictEqual({ items: at(4), mark: 3 });
  });

  it("moves its mark where nothing happens", () => {
    one.steady();
    one.channel(0).sequence = 50;
    expect(one.order.checkpoint()).toStrictEqual({ epoch: EPOCH, sequence: 50 });
    expect(one.released).toStrictEqual([]);
  });
});

describe("a namespace with several channels", () => {
  it("sorts what comes in one turn", () => {
    two.steady();
    two.order.deliver(two.channel(0), at(11, 13));
    two.order.deliver(two.channel(1), at(12));
    expect(two.released).toStrictEqual([]);
    expect(two.flushes).toBeGreaterThan(0);
    two.order.flush();
    expect(two.sequences).toStrictEqual([11, 12, 13]);
  });

  it("sorts few and many alike, and keeps the order of what has the same place", () => {
    const sequences = fc.array(fc.integer({ min: 11, max: 40 }), { minLength: 1, maxLength: 150 });
    fc.assert(
      fc.property(sequences, fc.nat({ max: 150 }), (all, split) => {
        const fixture = new Fixture(10, 10);
        fixture.steady();
        const items = all.map((sequence, index) => ({ sequence, name: `${index}` }));
        fixture.order.deliver(fixture.channel(0), items.slice(0, split));
        fixture.order.deliver(fixture.channel(1), items.slice(split));
        fixture.order.flush();
        const sorted = items.toSorted((one, other) => one.sequence - other.sequence);
        expect(fixture.released).toStrictEqual([{ items: sorted, mark: 10 }]);
      }),
    );
  });

  it("never lowers its mark for a message that comes late", () => {
    two.steady();
    two.order.deliver(two.channel(0), at(13));
    two.order.flush();
    two.order.deliver(two.channel(1), at(12));
    two.order.flush();
    expect(two.released.at(-1)).toStrictEqual({ items: at(12), mark: 13 });
    expect(two.order.mark?.sequence).toBe(13);
  });

  it("holds all of them while one is behind", () => {
    two.steady();
    two.order.catchingUp(two.channel(1), true);
    two.order.deliver(two.channel(0), at(12));
    two.order.flush();
    expect(two.released).toStrictEqual([]);
    expect(two.order.checkpoint()?.sequence).toBe(10);
    two.order.deliver(two.channel(1), at(11));
    Object.assign(two.channel(0), { sequence: 12 });
    Object.assign(two.channel(1), { sequence: 12 });
    two.order.catchingUp(two.channel(1), false);
    expect(two.sequences).toStrictEqual([11, 12]);
  });

  it("waits until all have joined", () => {
    two.order.joined(two.channel(0), EPOCH, at(8));
    expect(two.order.hasJoined).toBe(false);
    expect(two.order.mark).toBeUndefined();
    two.order.joined(two.channel(1), EPOCH, at(9));
    two.begin();
    expect(two.sequences).toStrictEqual([8, 9]);
  });

  it("lets go of what was replayed only as far as the other is known to be complete", () => {
    two.order.joined(two.channel(0), EPOCH, [], { since: 5 });
    two.channel(1).sequence = 15;
    two.order.joined(two.channel(1), EPOCH, at(8, 14), { since: 5, ahead: true });
    two.begin();
    expect(two.sequences).toStrictEqual([8]);
    expect(two.order.mark?.sequence).toBe(10);
    two.order.deliver(two.channel(1), at(16));
    two.order.flush();
    expect(two.sequences).toStrictEqual([8]);
    two.order.deliver(two.channel(0), at(13));
    expect(two.channel(1).proofs).toStrictEqual([]);
    expect(two.channel(0).proofs).toMatchObject([{ place: { epoch: EPOCH, sequence: 14 } }]);
    two.channel(0).sequence = 14;
    two.channel(0).proofs[0]?.done();
    expect(two.sequences).toStrictEqual([8, 13, 14, 16]);
    expect(two.order.isSteady).toBe(true);
  });

  it("lets go at once of what was replayed from memory: it reached the node by itself, in order", () => {
    two.order.joined(two.channel(0), EPOCH, [], { since: 5 });
    two.channel(1).sequence = 15;
    two.order.joined(two.channel(1), EPOCH, at(8, 14), { since: 5 });
    two.begin();
    expect(two.sequences).toStrictEqual([8, 14]);
    expect(two.order.mark?.sequence).toBe(14);
  });

  it("never names a place before the one that it was resumed from", () => {
    two.order.joined(two.channel(0), EPOCH, [], { since: 105 });
    two.order.joined(two.channel(1), EPOCH, [], { since: 105 });
    two.begin();
    expect(two.order.mark?.sequence).toBe(105);
  });

  it("tells a reset of one before anything that would move the mark past it", () => {
    two.order.joined(two.channel(0), EPOCH, [NOTICE]);
    two.channel(0).sequence = 200;
    two.channel(1).sequence = 200;
    two.order.joined(two.channel(1), EPOCH, at(60, 180), { since: 50 });
    two.begin();
    expect(two.released).toStrictEqual([{ items: [NOTICE, ...at(60, 180)], mark: 59 }]);
  });

  it("names no place while they are in different epochs", () => {
    two.steady();
    Object.assign(two.channel(0), { epoch: "zzzzzzzz", sequence: 3 });
    two.order.reset(two.channel(0), { epoch: "zzzzzzzz", sequence: 3 }, NOTICE);
    expect(two.order.mark).toBeUndefined();
    two.order.deliver(two.channel(1), at(11));
    expect(two.released.at(-1)).toStrictEqual({ items: at(11), mark: Number.POSITIVE_INFINITY });
    two.order.deliver(two.channel(0), at(4));
    two.channel(0).sequence = 4;
    expect(two.sequences).toStrictEqual([11]);
    Object.assign(two.channel(1), { epoch: "zzzzzzzz", sequence: 4 });
    two.order.reset(two.channel(1), { epoch: "zzzzzzzz", sequence: 4 }, NOTICE);
    expect(two.sequences).toStrictEqual([11, 0, 0, 4]);
    expect(two.order.mark).toStrictEqual({ epoch: "zzzzzzzz", sequence: 4 });
  });
});

interface Step {
  readonly kind: "publish" | "lose" | "repair" | "tick" | "flush" | "checkpoint";
  readonly channel: number;
}

/** A stream with channels, of which some messages are lost on the way and found later. */
class Model {
  readonly fixture: Fixture;
  readonly published: number[] = [];
  readonly #lost: number[][];
  readonly #behind: boolean[];
  #last = 10;

  constructor(channels: number) {
    this.fixture = new Fixture(...Array.from({ length: channels }, () => this.#last));
    this.#lost = this.fixture.channels.map(() => []);
    this.#behind = this.fixture.channels.map(() => false);
    this.fixture.steady();
  }

  step({ kind, channel: index }: Step): void {
    const { order } = this.fixture;
    const channel = this.fixture.channel(index);
    const lost = this.#lost[index] ?? [];
    switch (kind) {
      case "publish":
      case "lose":
        this.#last += 1;
        this.published.push(this.#last);
        if (this.#behind[index] === true || kind === "lose") {
          // A tail finds out at the latest before it delivers something newer of the channel.
          if (this.#behind[index] !== true) {
            this.#behind[index] = true;
            order.catchingUp(channel, true);
          }
          lost.push(this.#last);
          return;
        }
        channel.sequence = this.#last;
        order.deliver(channel, at(this.#last));
        return;
      case "repair":
        if (this.#behind[index] === true) {
          order.deliver(channel, at(...lost.splice(0)));
          channel.sequence = this.#last;
          this.#behind[index] = false;
          order.catchingUp(channel, false);
        }
        return;
      case "tick":
        for (const [other, behind] of this.#behind.entries()) {
          if (!behind) {
            this.fixture.channel(other).sequence = this.#last;
          }
        }
        return;
      case "flush":
        order.flush();
        return;
      case "checkpoint":
        order.checkpoint();
        return;
    }
  }

  /** Repairs everything and lets time pass. */
  finish(): void {
    for (const index of this.fixture.channels.keys()) {
      this.step({ kind: "repair", channel: index });
    }
    this.step({ kind: "tick", channel: 0 });
    this.fixture.order.flush();
  }

  /** The cursor of a client that got the first `count` messages and then left. */
  cursorAfter(count: number): number {
    let mark = 10;
    let received = 0;
    for (const { items, mark: before } of this.fixture.released) {
      for (const { sequence } of items) {
        if (received === count) {
          return mark;
        }
        mark = Math.max(mark, before, sequence);
        received += 1;
      }
    }
    return mark;
  }
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>(
      "publish",
      "publish",
      "lose",
      "repair",
      "tick",
      "flush",
      "checkpoint",
    ),
    channel: fc.nat({ max: 2 }),
  }),
  { maxLength: 60 },
);

describe("any course of events", () => {
  it("gives each message once, in order, and a client that leaves anywhere resumes without a gap or a repetition", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const model = new Model(3);
        for (const step of taken) {
          model.step(step);
        }
        model.finish();
        expect(model.fixture.sequences).toStrictEqual(model.published);
        for (let count = 0; count <= model.published.length; count += 1) {
          const cursor = model.cursorAfter(count);
          expect(model.published.filter((sequence) => sequence <= cursor)).toHaveLength(count);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
