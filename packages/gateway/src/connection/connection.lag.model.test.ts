import type { TailListener } from "@tidegate/broker";
import { decodeCursor, encodePosition, type ResetReason } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EPOCH } from "../../testing/fake-follow.ts";
import { type FakeNode, fakeNode } from "../../testing/fake-node.ts";
import { FakeSocket } from "../../testing/fake-socket.ts";
import { ModelTail } from "../../testing/model-tail.ts";
import { turns } from "../../testing/turns.ts";
import type { Turn } from "../turns.ts";
import { Connection } from "./connection.ts";
import { copyFrame } from "./held-frames.ts";

const PATTERN = "feed.p.*";
/** Channels by what names them: a message says its channel alone, so no two of these overlap. */
const NAMES = ["feed.a", "feed.b", PATTERN] as const;
const CHANNELS = ["feed.a", "feed.a", "feed.b", "feed.p.x", "feed.p.y", "feed.p.x"];
/** Room for about four messages. */
const OUTBOX_BYTES = 500;

function nameOf(channel: string): string {
  return channel.startsWith("feed.p.") ? PATTERN : channel;
}

interface Item {
  readonly channel: string;
  readonly sequence: number;
}

/** One life of a subscription: what its tail brought for it, and what the client got, since it began or was reset. */
interface Life {
  due: Item[];
  got: Item[];
}

/** A client, and the accounts of what it must get. */
class ModelClient {
  readonly socket = new FakeSocket();
  readonly connection: Connection;
  readonly lives = new Map<string, Life>();
  readonly #wished = new Map<string, number | undefined>();
  #read = 0;
  #id = 1;

  constructor(node: FakeNode) {
    const wish = { channels: [], since: undefined };
    this.connection = new Connection(node.context, this.socket, "n1-boot-1", "json", wish, () => {});
    this.connection.begin(node.verifier.accept("good"));
  }

  send(message: object): void {
    this.#id += 1;
    const text = JSON.stringify({ id: this.#id, ...message });
    this.connection.receive(copyFrame(new TextEncoder().encode(text).buffer, false));
  }

  wants(name: string, since: number | undefined): void {
    this.#wished.set(name, since);
    this.send({
      type: "subscribe",
      channel: name,
      ...(since === undefined ? {} : { since: encodePosition({ epoch: EPOCH, sequence: since }) }),
    });
  }

  isWished(name: string): boolean {
    return this.#wished.has(name);
  }

  leaves(name: string): void {
    this.#wished.delete(name);
    this.send({ type: "unsubscribe", channel: name });
    this.take(() => []);
    this.lives.delete(name);
  }

  /** Reads what was sent, which is known to have been sent by now. */
  take(behind: (name: string, since: number) => readonly Item[]): void {
    for (const frame of this.socket.frames.slice(this.#read)) {
      const message = JSON.parse(frame) as Record<string, string>;
      const { type, channel = "", cursor = "" } = message;
      const sequence = decodeCursor(cursor)?.get(EPOCH) ?? -1;
      if (type === "subscribed") {
        const since = this.#wished.get(channel);
        const isResumed = (message as Record<string, unknown>)["resumed"] === true;
        this.lives.set(channel, {
          due: isResumed && since !== undefined ? [...behind(channel, since)] : [],
          got: [],
        });
      } else if (type === "reset") {
        this.#checkPrefix(channel);
        this.lives.set(channel, { due: [], got: [] });
      } else if (type === "message") {
        const life = this.lives.get(nameOf(channel));
        expect(life, `${channel} ${sequence} came to nobody`).toBeDefined();
        life?.got.push({ channel, sequence });
      }
    }
    this.#read = this.socket.frames.length;
  }

  #checkPrefix(name: string): void {
    const life = this.lives.get(name);
    for (const channel of new Set(life?.got.map((item) => item.channel))) {
      const got = of(life?.got, channel);
      expect(of(life?.due, channel).slice(0, got.length)).toStrictEqual(got);
    }
  }

  checkAll(): void {
    for (const { due, got } of this.lives.values()) {
      for (const channel of new Set(due.map((item) => item.channel))) {
        expect(of(got, channel)).toStrictEqual(of(due, channel));
      }
      expect(got).toHaveLength(due.length);
    }
  }

  /** A checkpoint has everything before it sent, and nothing behind it. */
  checkCheckpoint(): void {
    const checkpoint = this.connection.subscriptions.checkpoint();
    if (checkpoint === undefined) {
      return;
    }
    this.take(() => []);
    const upTo = decodeCursor(checkpoint)?.get(EPOCH) ?? -1;
    for (const { due, got } of this.lives.values()) {
      for (const { sequence } of got) {
        expect(sequence).toBeLessThanOrEqual(upTo);
      }
      const before = due.filter(({ sequence }) => sequence <= upTo);
      expect(got).toHaveLength(before.length);
    }
  }
}

function of(items: readonly Item[] | undefined, channel: string): readonly number[] {
  return (items ?? []).filter((item) => item.channel === channel).map(({ sequence }) => sequence);
}

class Model {
  /** Seats that a walk may still serve. */
  #seats = 0;
  readonly #node = fakeNode({
    limits: { outboxBytes: OUTBOX_BYTES },
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
  readonly clients: readonly ModelClient[];
  catchUps = 0;
  #last = 0;

  /** @param clients of which many on a channel are served in another way than few. */
  constructor(clients: number) {
    const { context, broker } = this.#node;
    Object.assign(context, { turns: { enter: (turn: Turn) => this.#turns.push(turn) } });
    Object.assign(broker, {
      follow: (target: string, listener: TailListener) => {
        const tail = new ModelTail(target, this.#listener(target, listener), this.#last);
        this.#tails.set(target, tail);
        return tail;
      },
    });
    this.clients = Array.from({ length: clients }, () => new ModelClient(this.#node));
  }

  publish(pick: number, isLost: boolean): void {
    const channel = CHANNELS[pick % CHANNELS.length] ?? "feed.a";
    const tail = this.#tails.get(nameOf(channel));
    this.#last += 1;
    if (isLost && nameOf(channel) === PATTERN) {
      tail?.lose(channel, this.#last);
    } else {
      tail?.publish(channel, this.#last);
    }
  }

  repair(): void {
    this.#tails.get(PATTERN)?.repair();
  }

  flush(): void {
    this.#node.context.hub.flush();
    this.#takeAll();
  }

  /** Flushes as far as so many seats. */
  advance(seats: number): void {
    this.#seats = seats;
    this.#node.context.hub.advance();
    this.#takeAll();
  }

  subscribe(client: number, which: number, back: number): void {
    const name = NAMES[which % NAMES.length] ?? PATTERN;
    const who = this.clients[client % this.clients.length];
    if (who?.isWished(name) === true) {
      this.#takeAll();
      who.leaves(name);
    } else {
      who?.wants(name, back === 0 ? undefined : Math.max(0, this.#last - back));
    }
    this.#takeAll();
  }

  stall(client: number): void {
    const who = this.clients[client % this.clients.length];
    if (who !== undefined) {
      who.socket.reading = false;
    }
  }

  read(client: number, all: boolean): void {
    const who = this.clients[client % this.clients.length];
    if (who !== undefined) {
      who.socket.reading = all;
      who.socket.buffered = all ? 0 : Math.floor(who.socket.buffered / 2);
      who.connection.writable();
    }
    this.#takeAll();
  }

  turn(): void {
    this.#turns.shift()?.take();
    this.#takeAll();
  }

  answer(pick: number, reset: ResetReason | undefined, most: number): void {
    const tails = [...this.#tails.values()].filter(({ waiting }) => waiting > 0);
    // Whatever is told at this moment is about what was delivered before it.
    this.#takeAll();
    tails[pick % tails.length]?.answer(pick, reset, most);
    this.#takeAll();
  }

  reset(which: number, skip: number): void {
    this.#takeAll();
    this.#last += skip;
    this.#tails.get(NAMES[which % NAMES.length] ?? PATTERN)?.reset("overflow", this.#last);
    this.#takeAll();
  }

  checkpoint(client: number): void {
    this.clients[client % this.clients.length]?.checkCheckpoint();
  }

  get #isQuiet(): boolean {
    return (
      this.#turns.length === 0 &&
      [...this.#tails.values()].every(({ waiting }) => waiting === 0) &&
      this.clients.every(({ connection, socket }) => !connection.isLagging && socket.reading)
    );
  }

  /** How many lag, as the metrics of the node have it. */
  get laggingCounted(): number {
    return this.#node.context.traffic.laggingConnections;
  }

  async settle(): Promise<void> {
    this.repair();
    this.flush();
    for (let round = 0; round < 1_000 && !this.#isQuiet; round += 1) {
      this.flush();
      for (const client of this.clients.keys()) {
        this.read(client, true);
      }
      this.turn();
      this.answer(round, undefined, 3);
      await Promise.resolve();
    }
    for (const client of this.clients) {
      expect(client.connection.isClosed).toBe(false);
      expect(client.connection.isLagging).toBe(false);
      client.checkAll();
    }
    this.catchUps = await this.#node.metric('tidegate_catch_ups_total{outcome="stream"}');
  }

  /** Who is subscribed when its tail brings a message, is due it. */
  #listener(target: string, listener: TailListener): TailListener {
    return {
      ...listener,
      message: (message) => {
        this.#takeAll();
        for (const { lives } of this.clients) {
          lives.get(target)?.due.push(message);
        }
        listener.message(message);
      },
    };
  }

  #takeAll(): void {
    for (const client of this.clients) {
      client.take((name, since) => this.#tails.get(name)?.behind(since) ?? []);
    }
  }
}

const pick = fc.nat({ max: 1_000 });
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(fc.constant("publish" as const), pick) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("lose" as const), pick) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("repair" as const), pick) },
    { weight: 8, arbitrary: fc.tuple(fc.constant("flush" as const), pick) },
    { weight: 8, arbitrary: fc.tuple(fc.constant("advance" as const), pick) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("subscribe" as const), pick) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("stall" as const), pick) },
    { weight: 4, arbitrary: fc.tuple(fc.constant("read" as const), pick) },
    { weight: 5, arbitrary: fc.tuple(fc.constant("turn" as const), pick) },
    { weight: 5, arbitrary: fc.tuple(fc.constant("answer" as const), pick) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("refuse" as const), pick) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("reset" as const), pick) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("checkpoint" as const), pick) },
  ),
  { maxLength: 120, size: "max" },
);

const STEPS: Readonly<Record<string, (model: Model, number: number, rest: number) => void>> = {
  publish: (model, number) => model.publish(number, false),
  lose: (model, number) => model.publish(number, true),
  repair: (model) => model.repair(),
  flush: (model) => model.flush(),
  advance: (model, number) => model.advance(1 + (number % (model.clients.length + 1))),
  subscribe: (model, number, rest) => model.subscribe(number, rest, Math.floor(rest / 3) % 4),
  stall: (model, number) => model.stall(number),
  read: (model, number, rest) => model.read(number, rest % 2 === 0),
  turn: (model) => model.turn(),
  answer: (model, number, rest) => model.answer(number, undefined, 1 + (rest % 3)),
  refuse: (model, number) => model.answer(number, "expired", 0),
  reset: (model, number, rest) => model.reset(number, rest % 4),
  checkpoint: (model, number) => model.checkpoint(number),
};

describe("connections on replayable channels", () => {
  it.each([
    [2, 100],
    [10, 25],
  ])(
    "get each message once and in order, or a reset, however slowly they read: %d of them",
    async (count, numRuns) => {
      let catchUps = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (numbers) => {
          const model = new Model(count);
          await turns(1);
          for (const client of model.clients.keys()) {
            for (const name of NAMES.keys()) {
              model.subscribe(client, name, 0);
            }
          }
          for (const step of numbers) {
            const [kind, number] = step;
            STEPS[kind]?.(model, number, Math.floor(number / 2));
            expect(model.laggingCounted).toBe(
              model.clients.filter(({ connection }) => connection.isLagging).length,
            );
          }
          await model.settle();
          catchUps += model.catchUps;
        }),
        { numRuns },
      );
      expect(catchUps).toBeGreaterThan(0);
    },
  );
});
