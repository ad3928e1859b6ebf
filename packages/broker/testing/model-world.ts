import { isPattern } from "@tidegate/protocol";
import { BrokerError } from "../src/broker-error.ts";
import type { StoredMessage } from "../src/store/stored-message.ts";
import type { Joined, JoinFrom } from "../src/tail/follow.ts";
import { Ring } from "../src/tail/ring.ts";
import { RingBudget } from "../src/tail/ring-budget.ts";
import { TailCore } from "../src/tail/tail-core.ts";
import type { TailLimits } from "../src/tail/tail-limits.ts";
import type { Answer, TailReads } from "../src/tail/tail-reads.ts";
import type { TailRules } from "../src/tail/tail-rules.ts";
import { TickWatch } from "../src/tail/tick-watch.ts";
import type { ModelEntry } from "./model-stream.ts";
import { ModelStream, matches, TICK } from "./model-stream.ts";

/** The promise was broken. */
export class BrokenPromise extends Error {}

export interface WorldOptions {
  readonly filter: string;
  readonly messagesPerChannel: number;
  /** A pattern has too many channels for its heads to be asked for. */
  readonly manyChannels: boolean;
  readonly ringBytes: number;
  readonly limits: TailLimits;
  readonly rules?: TailRules | undefined;
}

/** A read on its way: first somebody answers it, later the answer arrives. */
interface PendingRead {
  readonly serve: (replica: number) => () => void;
  readonly fail: () => void;
  arrive: (() => void) | undefined;
}

interface PendingJoin {
  readonly from: JoinFrom;
  answered: boolean;
}

/** Most filters match most of them. */
const CHANNELS = ["chat.a", "chat.a", "chat.c.x", "chat.b", "chat.a", "chat.d.x"];
const UNAVAILABLE = new BrokerError("unavailable", "the model says so");

/** One tail, the stream it follows, and an adversary between them who decides what happens next. */
export class ModelWorld {
  readonly options: WorldOptions;
  core: TailCore;
  stream: ModelStream;
  /** What happened, for tests that must not be empty. */
  readonly tally = {
    delivered: 0,
    resumedRing: 0,
    resumedStream: 0,
    tailResets: 0,
    joinResets: 0,
    failed: 0,
  };
  readonly joinResets = new Map<string, number>();
  readonly tailResets = new Map<string, number>();
  #flight: ModelEntry[] = [];
  #tickFlight: ModelEntry[] = [];
  #reads: PendingRead[] = [];
  #waits: (() => void)[] = [];
  #link: "up" | "down" | "unconfirmed" = "up";
  readonly #ticks = new TickWatch();
  readonly #joins = new Set<PendingJoin>();
  /** Cursors that clients could hold, of this life. */
  #lives = 0;
  #time = 0;
  #started = false;
  #catchingUp = false;
  /** Where the tail began, or was reset to. */
  #base = 0;
  #checkedUpTo = 0;
  /** The stream has lost its end, and the tail may not know yet: only its reset or the final count can be judged. */
  #inLimbo = false;
  /** Sequences up to here have been given out twice, unless a reset has told of it. */
  #reusedUpTo = 0;
  readonly #channelNewest = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.stream = this.#newStream();
    this.core = this.#newTail();
  }

  // What the adversary may do. `pick` chooses among what is there.

  publish(pick: number): void {
    const entry = this.stream.publish(CHANNELS[pick % CHANNELS.length] ?? "chat.a");
    if (this.#link !== "down" && matches(this.options.filter, entry.message.channel))
      this.#flight.push(entry);
  }

  tick(): void {
    const entry = this.stream.publish(TICK);
    if (this.#link === "down") return;
    this.#tickFlight.push(entry);
    if (matches(this.options.filter, TICK)) this.#flight.push(entry);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.core.start();
    this.#checkPosition();
  }

  deliver(pick: number): void {
    const [entry] = this.#flight.splice(pick % Math.max(1, this.#flight.length), 1);
    if (entry !== undefined) this.#arrive(entry);
  }

  deliverTick(): void {
    const entry = this.#tickFlight.shift();
    if (entry === undefined) return;
    const { sequence, time } = entry.message;
    const verdict = this.#ticks.observe({ sequence, time }, entry.last);
    if (verdict === "gap") this.#suspect();
    else if (verdict === "regressed") this.#regressed();
    else if (verdict === "older") {
      const newest = this.#ticks.newest?.sequence ?? 0;
      const kept = this.stream.next(TICK, newest);
      if (kept?.sequence === newest && kept.time === this.#ticks.newest?.time) this.#suspect();
      else this.#regressed();
    }
    this.#checkPosition();
  }

  drop(pick: number): void {
    this.#flight.splice(pick % Math.max(1, this.#flight.length), 1);
  }

  dropTick(): void {
    this.#tickFlight.shift();
  }

  duplicate(pick: number): void {
    const entry = this.#flight[pick % Math.max(1, this.#flight.length)];
    if (entry !== undefined) this.#flight.push(entry);
  }

  serve(pick: number): void {
    const waiting = this.#reads.filter(({ arrive }) => arrive === undefined);
    const read = waiting[pick % Math.max(1, waiting.length)];
    if (read !== undefined) read.arrive = read.serve(Math.floor(pick / 7) % this.stream.replicas.length);
  }

  arrive(pick: number): void {
    const served = this.#reads.filter(({ arrive }) => arrive !== undefined);
    const read = served[pick % Math.max(1, served.length)];
    if (read === undefined) return;
    this.#reads.splice(this.#reads.indexOf(read), 1);
    read.arrive?.();
    this.#checkPosition();
  }

  failRead(pick: number): void {
    const [read] = this.#reads.splice(pick % Math.max(1, this.#reads.length), 1);
    read?.fail();
    this.#checkPosition();
  }

  fireWait(pick: number): void {
    const [wait] = this.#waits.splice(pick % Math.max(1, this.#waits.length), 1);
    wait?.();
    this.#checkPosition();
  }

  replicate(pick: number): void {
    const index = 1 + (pick % (this.stream.replicas.length - 1));
    const known = this.stream.replicas[index] ?? 0;
    this.stream.replicas[index] = Math.min(this.stream.lastSequence, known + 1 + (pick % 5));
  }

  expire(pick: number): void {
    this.stream.expire(1 + (pick % 4));
  }

  purge(): void {
    this.stream.expire(Number.POSITIVE_INFINITY);
  }

  break(): void {
    if (this.#link === "down") return;
    this.#link = "down";
    for (const entry of this.#flight) entry.lostWithLink = entry.stored;
    this.#flight = [];
    this.#tickFlight = [];
    for (const read of this.#reads.splice(0)) read.fail();
    if (this.#started) this.core.interrupted();
    this.#checkPosition();
  }

  /** Messages flow again; that nothing was missed from now on is known later. */
  mend(): void {
    if (this.#link === "down") this.#link = "unconfirmed";
    else if (this.#link === "unconfirmed") this.#confirm();
  }

  /** What the old leader had not sent on is lost. */
  changeLeader(pick: number): void {
    this.#flight.splice(Math.max(0, this.#flight.length - (pick % 4)));
    this.#suspect();
  }

  suspect(): void {
    this.#suspect();
  }

  check(): void {
    if (this.#started) this.core.check();
    this.#checkPosition();
  }

  recreate(): void {
    this.break();
    this.stream = this.#newStream();
  }

  /** The stream loses its newest messages, and with it goes the connection. */
  lose(pick: number): void {
    this.break();
    this.stream.lose(1 + (pick % 4));
    this.#checkedUpTo = Math.min(this.#checkedUpTo, this.stream.lastSequence);
    this.#inLimbo = true;
    this.#reusedUpTo = Math.max(this.#reusedUpTo, this.core.highest);
  }

  joinSince(pick: number): void {
    const { lastSequence, epoch } = this.stream;
    this.#join({ kind: "since", cursor: new Map([[epoch, pick % (lastSequence + 1)]]) });
  }

  joinRecent(pick: number): void {
    const { lastSequence, epoch } = this.stream;
    this.#join({ kind: "since", cursor: new Map([[epoch, Math.max(0, lastSequence - (pick % 6))]]) });
  }

  joinFuture(pick: number): void {
    const { lastSequence, epoch } = this.stream;
    this.#join({ kind: "since", cursor: new Map([[epoch, lastSequence + 1 + (pick % 5)]]) });
  }

  joinForeign(): void {
    this.#join({ kind: "since", cursor: new Map([["foreign0", 3]]) });
  }

  joinNow(): void {
    this.#join({ kind: "now" });
  }

  joinLast(pick: number): void {
    if (!isPattern(this.options.filter)) this.#join({ kind: "last", count: 1 + (pick % 5) });
  }

  /** The adversary gives up: everything arrives. Then nothing may be missing. */
  settle(): void {
    if (this.#link === "down") this.mend();
    if (this.#link === "unconfirmed") this.mend();
    for (let round = 0; round < 3; round++) {
      this.start();
      this.tick();
      this.#calmDown();
      this.check();
      this.#calmDown();
    }
    if (this.#catchingUp) throw new BrokenPromise("still catching up although nothing is under way");
    for (const join of this.#joins) {
      if (!join.answered) throw new BrokenPromise(`nobody answered ${JSON.stringify(join.from)}`);
    }
    this.#checkComplete(this.stream.lastSequence);
  }

  #calmDown(): void {
    for (let steps = 0; ; steps++) {
      if (steps > 20_000) throw new BrokenPromise("does not come to rest");
      this.stream.replicas.fill(this.stream.lastSequence);
      if (this.#tickFlight.length > 0) this.deliverTick();
      else if (this.#flight.length > 0) this.deliver(0);
      else if (this.#reads.length > 0) {
        this.serve(0);
        this.arrive(0);
      } else if (this.#waits.length > 0) this.fireWait(0);
      else return;
    }
  }

  #confirm(): void {
    this.#link = "up";
    if (this.#started) this.core.suspect();
    this.#checkPosition();
  }

  #suspect(): void {
    if (this.#started && this.#link === "up") this.core.suspect();
    this.#checkPosition();
  }

  #regressed(): void {
    this.#ticks.restart();
    if (this.#started) this.core.regressed();
  }

  #newTail(): TailCore {
    const { filter, limits, rules, ringBytes } = this.options;
    this.#started = false;
    this.#catchingUp = false;
    const core = new TailCore({
      filter,
      limits,
      rules,
      ring: new Ring(new RingBudget(ringBytes), limits.replayMessages),
      reads: this.#makeReads(),
      effects: {
        started: () => this.#onStarted(),
        failed: () => {
          // Whoever wants it makes another one.
          this.core = this.#newTail();
        },
        deliver: (message) => this.#onDelivered(message),
        reset: (reason, position) => this.#onReset(reason, position.epoch, position.sequence),
        catchingUp: (active) => this.#onCatchingUp(active),
      },
    });
    return core;
  }

  #newStream(): ModelStream {
    this.#lives += 1;
    return new ModelStream(`epoch00${this.#lives % 10}`, this.options.messagesPerChannel, () => {
      this.#time += 1;
      return this.#time;
    });
  }

  #makeReads(): TailReads {
    const { manyChannels, filter } = this.options;
    const read = <Value>(look: (stream: ModelStream, replica: number) => Value, answer: Answer<Value>) => {
      const fail = () => answer(UNAVAILABLE);
      if (this.#link === "down") {
        this.#reads.push({ serve: () => fail, fail, arrive: fail });
        return;
      }
      const serve = (replica: number) => {
        const value = look(this.stream, replica);
        if ((globalThis as any).TRACE) console.log("   read", look.toString().slice(0,60), replica, JSON.stringify(value, (_k, v) => v instanceof Map ? [...v] : v?.payload ? v.sequence : v));
        return () => answer(value);
      };
      this.#reads.push({ serve, fail, arrive: undefined });
    };
    return {
      state: (answer) => read((stream) => stream.state, answer),
      head: (channel, answer) => read((stream) => stream.head(channel), answer),
      next: (wanted, from, answer) => read((stream) => stream.next(wanted, from), answer),
      batch: (wanted, from, limit, _bytes, answer) =>
        read((stream, replica) => stream.batch(replica, wanted, from, limit), answer),
      heads: (wanted, answer) =>
        read(
          (stream, replica) =>
            manyChannels && isPattern(filter) ? undefined : stream.heads(replica, wanted),
          (found) => {
            if (found !== undefined && !(found instanceof BrokerError)) {
              for (const [channel, head] of found.heads) this.#makeEvident(channel, head);
            }
            answer(found);
          },
        ),
      wait: (_ms, done) => this.#waits.push(done),
    };
  }

  #arrive(entry: ModelEntry): void {
    const { channel, sequence } = entry.message;
    if (sequence > this.#known(channel)) this.#makeEvident(channel, entry.last);
    if (this.#started) this.core.live(entry.message, entry.last);
    this.#checkPosition();
  }

  /** Up to where the channel was delivered or declared so. */
  #known(channel: string): number {
    return Math.max(this.core.position?.sequence ?? 0, this.#channelNewest.get(channel) ?? 0);
  }

  #makeEvident(channel: string, wanted: number): void {
    if (this.core.position?.epoch !== this.stream.epoch) return;
    const known = this.#known(channel);
    for (const entry of this.stream.entries) {
      const { sequence } = entry.message;
      if (entry.message.channel === channel && sequence > known && sequence === wanted) entry.isEvident = true;
    }
  }

  #onStarted(): void {
    this.#rebase(this.core.position?.sequence ?? 0);
  }

  #rebase(sequence: number): void {
    this.#inLimbo = false;
    this.#reusedUpTo = 0;
    for (const entry of this.stream.entries) {
      if (entry.message.sequence > sequence) entry.delivered = false;
    }
    this.#base = sequence;
    this.#checkedUpTo = sequence;
    this.#channelNewest.clear();
  }

  #onDelivered(message: StoredMessage): void {
    this.tally.delivered += 1;
    const { channel, sequence } = message;
    if (!matches(this.options.filter, channel) || channel === TICK) {
      throw new BrokenPromise(`${channel} was delivered to ${this.options.filter}`);
    }
    const newest = Math.max(this.#base, this.#channelNewest.get(channel) ?? 0);
    if (sequence <= newest) throw new BrokenPromise(`${channel} ${sequence} came after ${newest}`);
    this.#channelNewest.set(channel, sequence);
    const entry = this.#entryOf(message);
    if (entry !== undefined) entry.delivered = true;
  }

  #entryOf(message: StoredMessage): ModelEntry | undefined {
    return this.stream.entries.find((entry) => entry.message === message);
  }

  #onReset(reason: string, epoch: string, sequence: number): void {
    this.tally.tailResets += 1;
    this.tailResets.set(reason, (this.tailResets.get(reason) ?? 0) + 1);
    const position = this.core.position;
    if (position?.epoch !== epoch || position.sequence !== sequence) {
      throw new BrokenPromise("a reset names another position than the tail has");
    }
    this.#rebase(sequence);
  }

  #onCatchingUp(active: boolean): void {
    if (active === this.#catchingUp) throw new BrokenPromise(`catching up was ${active} already`);
    this.#catchingUp = active;
  }

  /** The position advanced: everything up to it must have been delivered. */
  #checkPosition(): void {
    const position = this.core.position;
    if (position === undefined || position.epoch !== this.stream.epoch || this.#inLimbo) return;
    if (position.sequence > this.#checkedUpTo) this.#checkComplete(position.sequence);
  }

  #checkComplete(upTo: number): void {
    if (this.core.position?.epoch !== this.stream.epoch) {
      throw new BrokenPromise("the tail follows a stream that is gone");
    }
    const from = this.#checkedUpTo;
    this.#checkedUpTo = Math.max(from, upTo);
    for (const entry of this.stream.entries) {
      const { sequence, channel } = entry.message;
      if (sequence <= from || sequence > upTo || entry.delivered) continue;
      if (!this.#isWanted(channel) || this.#isExcused(entry)) continue;
      throw new BrokenPromise(
        `${channel} ${sequence} is missing at position ${this.core.position?.sequence} of ${this.stream.lastSequence}`,
      );
    }
  }

  #isWanted(channel: string): boolean {
    return channel !== TICK && matches(this.options.filter, channel);
  }

  /**
   * Discarded by the stream while it was on its way, and nothing came that could have told of it: nobody can know that it
   * existed (the blind spot of RePublish). Or it got a sequence that the stream had given out before it lost its end, and has
   * grown past that again.
   */
  #isExcused({ lostWithLink, isEvident, stored, message }: ModelEntry): boolean {
    return message.sequence <= this.#reusedUpTo || !(lostWithLink || isEvident || stored);
  }

  #join(from: JoinFrom): void {
    const join: PendingJoin = { from, answered: false };
    const { epoch } = this.stream;
    this.#joins.add(join);
    this.core.join({
      from,
      signal: undefined,
      joined: (joined) => {
        if (join.answered) throw new BrokenPromise("a joiner was answered twice");
        join.answered = true;
        this.#onJoined(from, epoch, joined);
      },
    });
    this.#checkPosition();
  }

  #onJoined(from: JoinFrom, epoch: string, joined: Joined): void {
    if (joined.kind === "failed") {
      this.tally.failed += 1;
      return;
    }
    const position = this.core.position;
    if (position?.epoch !== joined.position.epoch || position.sequence !== joined.position.sequence) {
      throw new BrokenPromise("a joiner was told another position than the tail has");
    }
    if (joined.kind === "reset") {
      this.tally.joinResets += 1;
      this.joinResets.set(joined.reason, (this.joinResets.get(joined.reason) ?? 0) + 1);
      return;
    }
    // Of what the tail has lost sight of it will tell.
    if (position.epoch !== this.stream.epoch || this.#inLimbo) return;
    if (from.kind === "since") {
      if (epoch === position.epoch) this.#checkResumed(from.cursor.get(epoch), joined.messages);
      if (joined.source === "ring") this.tally.resumedRing += 1;
      if (joined.source === "stream") this.tally.resumedStream += 1;
    } else if (from.kind === "last") {
      this.#checkLast(from.count, joined.messages);
    } else if (joined.messages.length > 0) {
      throw new BrokenPromise("who joined now got messages");
    }
  }

  /** What belongs before this moment: delivered, or proven to be so. */
  #past(): ModelEntry[] {
    const floor = this.core.position?.sequence ?? 0;
    return this.stream.entries.filter(
      (entry) =>
        this.#isWanted(entry.message.channel) && (entry.delivered || entry.message.sequence <= floor),
    );
  }

  #checkResumed(cursor: number | undefined, messages: readonly StoredMessage[]): void {
    if (cursor === undefined) throw new BrokenPromise("a foreign cursor was resumed from");
    const got = new Set(messages);
    let newest = cursor;
    for (const { sequence } of messages) {
      if (sequence <= newest) throw new BrokenPromise(`${sequence} was replayed after ${newest}`);
      newest = sequence;
    }
    for (const entry of this.#past()) {
      if (entry.message.sequence <= cursor) continue;
      if (got.delete(entry.message) || this.#isExcused(entry)) continue;
      throw new BrokenPromise(
        `${entry.message.channel} ${entry.message.sequence} was not replayed from ${cursor}`,
      );
    }
    for (const { sequence } of got) throw new BrokenPromise(`${sequence} was replayed too early`);
  }

  #checkLast(count: number, messages: readonly StoredMessage[]): void {
    if (messages.length > count) throw new BrokenPromise("more messages than asked for");
    const past = this.#past().filter(
      (entry) => entry.delivered || messages.includes(entry.message) || !this.#isExcused(entry),
    );
    const suffix = past.slice(past.length - messages.length);
    if (suffix.some((entry, index) => entry.message !== messages[index])) {
      throw new BrokenPromise("not the newest messages");
    }
    const missing = past.slice(0, past.length - messages.length);
    if (messages.length < count && missing.some(({ stored }) => stored)) {
      throw new BrokenPromise("fewer messages than there are");
    }
  }
}
