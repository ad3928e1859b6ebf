import type { TailListener } from "@tidegate/broker";
import { decodeCursor } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EPOCH } from "../../testing/fake-follow.ts";
import { type FakeNode, fakeNode, POLICIES } from "../../testing/fake-node.ts";
import { FakeResponseStream } from "../../testing/fake-response-stream.ts";
import { ModelTail } from "../../testing/model-tail.ts";
import { turns } from "../../testing/turns.ts";
import type { Turn } from "../turns.ts";
import { EventStream } from "./event-stream.ts";
import { JoinedEvents } from "./joined-events.ts";

const PATTERN = "feed.p.*";
const NAMES = ["feed.a", "feed.b", PATTERN, "more.a"] as const;
const CHANNELS = ["feed.a", "feed.a", "feed.a", "feed.b", "feed.p.x", "feed.p.y", "more.a"];
const OTHER_EPOCH = "zzzzzzzz";
/** Room for about four messages. */
const OUTBOX_BYTES = 600;

function nameOf(channel: string): string {
  return channel.startsWith("feed.p.") ? PATTERN : channel;
}

function epochOf(channel: string): string {
  return channel.startsWith("more.") ? OTHER_EPOCH : EPOCH;
}

interface Due {
  readonly sequence: number;
  /** A reset has come since: it may be missing. */
  mayMiss: boolean;
}

/** A client and its event streams, one after another, and the account of what it must get. */
class Client {
  network = new FakeResponseStream();
  stream: EventStream | undefined;
  visits = 0;
  lastEventId = "";
  readonly got: { readonly channel: string; readonly sequence: number }[] = [];
  readonly due = new Map<string, Due[]>(NAMES.map((name) => [name, []]));
  readonly #node: FakeNode;
  readonly #names: readonly string[];
  #read = 0;

  constructor(node: FakeNode, names: readonly string[]) {
    this.#node = node;
    this.#names = names;
  }

  open(): void {
    this.take();
    this.network = new FakeResponseStream();
    this.#read = 0;
    this.visits += 1;
    const host = {
      node: this.#node.context,
      joined: new JoinedEvents(),
      reconnectMs: () => 1_000,
      closed: () => {},
    };
    this.stream = new EventStream(host, undefined, "s1");
    const cursor = this.lastEventId === "" ? undefined : decodeCursor(this.lastEventId);
    this.stream.begin(this.network, this.#names, "object-event", cursor);
  }

  /** Leaves, and comes back with what it has. */
  comeBack(): void {
    this.take();
    if (this.lastEventId !== "") {
      this.stream?.gone();
      this.open();
    }
  }

  /** As it may end while it joins, when more comes than may be held. */
  comeBackIfEnded(): void {
    if (this.network.ending !== "open") {
      this.comeBack();
    }
  }

  brought(name: string, sequence: number): void {
    if (this.#names.includes(name)) {
      this.due.get(name)?.push({ sequence, mayMiss: false });
    }
  }

  take(): void {
    const { events, lastEventId } = this.network.parser;
    for (const { type, data } of events.slice(this.#read)) {
      const { channel, cursor } = JSON.parse(data) as Record<string, string>;
      if (type === "tidegate.reset") {
        for (const due of this.due.get(channel ?? "") ?? []) {
          due.mayMiss = true;
        }
      } else if (type !== "tidegate.end") {
        expect(type).toBe("message");
        const sequence = decodeCursor(cursor ?? "")?.get(epochOf(channel ?? "")) ?? -1;
        this.got.push({ channel: channel ?? "", sequence });
      }
    }
    this.#read = events.length;
    this.lastEventId = lastEventId === "" ? this.lastEventId : lastEventId;
  }

  /** Whatever lies before the place that the client would resume from, it has; and nothing behind it. */
  checkCursor(): void {
    this.take();
    const cursor = decodeCursor(this.lastEventId);
    const got = new Set(this.got.map(({ sequence }) => sequence));
    for (const { channel, sequence } of this.got) {
      expect(sequence).toBeLessThanOrEqual(cursor?.get(epochOf(channel)) ?? Number.POSITIVE_INFINITY);
    }
    for (const [name, items] of this.due) {
      const place = cursor?.get(epochOf(name)) ?? 0;
      for (const { sequence, mayMiss } of items) {
        if (!mayMiss && sequence <= place) {
          expect(got).toContain(sequence);
        }
      }
    }
  }

  checkAll(isOrdered: boolean): void {
    this.take();
    const sequences = this.got.map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(sequences.length);
    const orderOf = isOrdered ? epochOf : (channel: string) => channel;
    for (const order of new Set(this.got.map(({ channel }) => orderOf(channel)))) {
      const own = this.got
        .filter(({ channel }) => orderOf(channel) === order)
        .map(({ sequence }) => sequence);
      expect(own).toStrictEqual(own.toSorted((a, b) => a - b));
    }
    for (const [name, items] of this.due) {
      const own = this.got.filter(({ channel }) => nameOf(channel) === name).map(({ sequence }) => sequence);
      const known = items.map(({ sequence }) => sequence);
      expect(known).toStrictEqual(expect.arrayContaining(own));
      const must = items.filter(({ mayMiss }) => !mayMiss).map(({ sequence }) => sequence);
      expect(own).toStrictEqual(expect.arrayContaining(must));
    }
  }
}

class Model {
  /** Seats that a walk may still serve. */
  #seats = 0;
  readonly #node = fakeNode({
    policies: new Map(
      [...POLICIES].flatMap(([name, policy]) =>
        name === "feed"
          ? [
              [name, policy],
              ["more", policy],
            ]
          : [],
      ),
    ),
    limits: { outboxBytes: OUTBOX_BYTES, laggingMs: 1e9, catchUpMs: 1e9 },
    budget: {
      start: () => {},
      isSpent: () => {
        this.#seats -= 1;
        return this.#seats < 0;
      },
    },
  });
  readonly #tails = new Map<string, ModelTail>();
  readonly #turns: Turn[] = [];
  readonly clients: readonly Client[];
  #last = 0;

  constructor() {
    const { context, broker } = this.#node;
    Object.assign(context, { turns: { enter: (turn: Turn) => this.#turns.push(turn) } });
    Object.assign(broker, {
      follow: (target: string, listener: TailListener) => {
        const known = this.#tails.get(target);
        const tail =
          known ?? new ModelTail(target, this.#listener(target, listener), this.#last, epochOf(target));
        this.#tails.set(target, tail);
        return tail;
      },
    });
    // So that a tail stays where nobody else is.
    for (const name of NAMES) {
      context.hub.hold(name);
    }
    this.clients = [new Client(this.#node, NAMES), new Client(this.#node, ["feed.a"])];
    for (const client of this.clients) {
      client.open();
    }
  }

  publish(pick: number, isLost: boolean): void {
    const channel = CHANNELS[pick % CHANNELS.length] ?? "feed.a";
    const tail = this.#tails.get(nameOf(channel));
    this.#last += 1;
    if (isLost) {
      tail?.lose(channel, this.#last);
    } else {
      tail?.publish(channel, this.#last);
    }
  }

  interrupt(which: number): void {
    this.#tails.get(NAMES[which % NAMES.length] ?? PATTERN)?.interrupt();
  }

  repair(which: number): void {
    this.#tails.get(NAMES[which % NAMES.length] ?? PATTERN)?.repair();
  }

  advance(seats: number): void {
    this.#seats = seats;
    this.#node.context.hub.advance();
  }

  stall(pick: number): void {
    this.#client(pick).network.reading = false;
  }

  read(pick: number, all: boolean): void {
    const { network, stream } = this.#client(pick);
    network.reading = all;
    stream?.writable();
  }

  turn(): void {
    this.#turns.shift()?.take();
  }

  answer(pick: number, reset: boolean, most: number): void {
    const tails = [...this.#tails.values()].filter(({ waiting }) => waiting > 0);
    tails[pick % tails.length]?.answer(pick, reset ? "expired" : undefined, most);
  }

  reset(which: number, skip: number): void {
    this.#last += skip;
    this.#tails.get(NAMES[which % NAMES.length] ?? PATTERN)?.reset("overflow", this.#last);
  }

  pass(ms: number): void {
    this.#node.pass(ms);
  }

  comeBack(pick: number): void {
    this.#client(pick).comeBack();
  }

  checkCursors(): void {
    for (const client of this.clients) {
      client.checkCursor();
    }
  }

  async settle(isOrdered: boolean): Promise<number> {
    for (let round = 0; round < 1_000 && (round < 10 || !this.#isQuiet); round += 1) {
      this.repair(round);
      this.#node.context.hub.flush();
      for (const client of this.clients) {
        client.comeBackIfEnded();
      }
      this.read(0, true);
      this.read(1, true);
      this.turn();
      this.answer(round, false, 3);
      this.pass(200);
      await Promise.resolve();
      this.#checkCount();
    }
    for (const client of this.clients) {
      expect(client.network.ending).toBe("open");
      expect(client.stream?.isLagging).toBe(false);
      client.checkAll(isOrdered);
    }
    return await this.#node.metric('tidegate_catch_ups_total{outcome="stream"}');
  }

  #checkCount(): void {
    const lagging = this.clients.filter(({ stream }) => stream?.isLagging === true).length;
    expect(this.#node.context.traffic.laggingStreams).toBe(lagging);
  }

  get #isQuiet(): boolean {
    return (
      this.clients.every(({ network }) => network.ending === "open") &&
      this.#turns.length === 0 &&
      [...this.#tails.values()].every(({ waiting }) => waiting === 0) &&
      this.clients.every(({ stream, network }) => stream?.isLagging === false && network.reading)
    );
  }

  #client(pick: number): Client {
    return this.clients[pick % 2] ?? new Client(this.#node, []);
  }

  #listener(target: string, listener: TailListener): TailListener {
    return {
      ...listener,
      message: (message) => {
        for (const client of this.clients) {
          client.brought(target, message.sequence);
        }
        listener.message(message);
      },
    };
  }
}

type Step = readonly [kind: keyof typeof WEIGHTS, pick: number];

const WEIGHTS = {
  publish: 14,
  interrupt: 1,
  repair: 2,
  lose: 1,
  advance: 8,
  stall: 3,
  read: 4,
  turn: 5,
  answer: 6,
  refuse: 1,
  reset: 1,
  pass: 2,
  beat: 1,
  comeBack: 1,
} as const;

/** What can happen, but for some of it. */
function steps(...without: readonly Step[0][]): fc.Arbitrary<Step[]> {
  const kinds = (Object.keys(WEIGHTS) as Step[0][]).filter((kind) => !without.includes(kind));
  const arbitraries = kinds.map((kind) => ({
    weight: WEIGHTS[kind],
    arbitrary: fc.tuple(fc.constant(kind), fc.nat({ max: 1_000 })),
  }));
  return fc.array(fc.oneof(...arbitraries), { maxLength: 120, size: "max" });
}

const STEPS: Readonly<Record<Step[0], (model: Model, number: number, rest: number) => void>> = {
  publish: (model, number) => model.publish(number, false),
  interrupt: (model, number) => model.interrupt(number),
  repair: (model, number) => model.repair(number),
  // Of the pattern: of one channel nothing newer can come before it.
  lose: (model, number) => model.publish(4 + (number % 2), true),
  advance: (model, number) => model.advance(1 + (number % 6)),
  stall: (model, number) => model.stall(number),
  read: (model, number, rest) => model.read(number, rest % 2 === 0),
  turn: (model) => model.turn(),
  answer: (model, number, rest) => model.answer(number, false, 1 + (rest % 3)),
  refuse: (model, number) => model.answer(number, true, 0),
  reset: (model, number, rest) => model.reset(number, rest % 4),
  pass: (model) => model.pass(200),
  beat: (model) => model.pass(25_000),
  comeBack: (model, number) => model.comeBack(number),
};

async function run(taken: readonly Step[], check: (model: Model) => void): Promise<Model> {
  const model = new Model();
  await turns(1);
  for (const [kind, number] of taken) {
    STEPS[kind](model, number, Math.floor(number / 2));
    if (number % 3 > 0) {
      await Promise.resolve();
    }
    check(model);
  }
  return model;
}

describe("event streams of replayable channels", () => {
  it("give each message once and in the order of the store, or a reset, however slowly clients read and whenever they come back", async () => {
    let catchUps = 0;
    await fc.assert(
      fc.asyncProperty(steps("lose"), async (taken) => {
        const model = await run(taken, (running) => running.checkCursors());
        catchUps += await model.settle(true);
      }),
      { numRuns: 100 },
    );
    expect(catchUps).toBeGreaterThan(0);
  });

  it("give each message once also where some come late", async () => {
    await fc.assert(
      fc.asyncProperty(steps("comeBack"), async (taken) => {
        await (await run(taken, () => {})).settle(false);
      }),
      { numRuns: 100 },
    );
  });
});
