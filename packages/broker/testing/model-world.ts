import { isPattern } from "@tidegate/protocol";
import type { JoinFrom } from "../src/tail/follow.ts";
import { Ring } from "../src/tail/ring.ts";
import { RingBudget } from "../src/tail/ring-budget.ts";
import { TailCore } from "../src/tail/tail-core.ts";
import type { TailLimits } from "../src/tail/tail-limits.ts";
import type { TailRules } from "../src/tail/tail-rules.ts";
import { TailCounts } from "../src/tail/tail-stats.ts";
import { TickWatch } from "../src/tail/tick-watch.ts";
import type { Tally } from "./model-judge.ts";
import { BrokenPromise, ModelJudge } from "./model-judge.ts";
import { ModelLaggard } from "./model-laggard.ts";
import { ModelReads } from "./model-reads.ts";
import type { ModelEntry } from "./model-stream.ts";
import { ModelStream, matches, TICK } from "./model-stream.ts";

export interface WorldOptions {
  readonly filter: string;
  readonly messagesPerChannel: number;
  /** A pattern has too many channels for its heads to be asked for. */
  readonly manyChannels: boolean;
  readonly ringBytes: number;
  readonly limits: TailLimits;
  readonly rules?: TailRules | undefined;
}

/** Most filters match most of them. */
const CHANNELS = ["chat.a", "chat.a", "chat.c.x", "chat.b", "chat.a", "chat.d.x"];
/** More than any sound tail needs to come to rest. */
const MOST_STEPS_TO_REST = 20_000;

/** One tail, the stream it follows, and an adversary between them who decides what happens next. */
export class ModelWorld {
  readonly options: WorldOptions;
  readonly #judge: ModelJudge;
  readonly #laggard = new ModelLaggard();
  readonly #reads: ModelReads;
  readonly #ticks = new TickWatch();
  #core: TailCore;
  #stream: ModelStream;
  #started = false;
  #flight: ModelEntry[] = [];
  #tickFlight: ModelEntry[] = [];
  #link: "up" | "down" | "unconfirmed" = "up";
  #unanswered = 0;
  #lives = 0;
  #time = 0;
  /** Times the tail had reason to ask everything anew. */
  #upheavals = 0;

  constructor(options: WorldOptions) {
    const world = this;
    this.options = options;
    this.#judge = new ModelJudge({
      filter: options.filter,
      get stream() {
        return world.#stream;
      },
      get position() {
        return world.#core.position;
      },
      get highest() {
        return world.#core.highest;
      },
    });
    this.#reads = new ModelReads({
      stream: () => this.#stream,
      isDown: () => this.#link === "down",
      manyChannels: options.manyChannels,
      noteHeads: () => {
        const upheavals = this.#upheavals;
        // Who has asked again since then need not listen.
        return (heads) => {
          if (upheavals === this.#upheavals) this.#judge.toldHeads(heads);
        };
      },
    });
    this.#stream = this.#newStream();
    this.#core = this.#newTail();
  }

  get tally(): Tally {
    return this.#judge.tally;
  }

  // What the adversary may do. `pick` chooses among what is there.

  publish(pick: number): void {
    const entry = this.#stream.publish(CHANNELS[pick % CHANNELS.length] ?? "chat.a");
    if (this.#link === "down") entry.lostWithLink = true;
    else if (matches(this.options.filter, entry.message.channel)) this.#flight.push(entry);
  }

  tick(): void {
    const entry = this.#stream.publish(TICK);
    if (this.#link === "down") return;
    this.#tickFlight.push(entry);
    if (matches(this.options.filter, TICK)) this.#flight.push(entry);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#core.start();
  }

  deliver(pick: number): void {
    const [entry] = this.#flight.splice(pick % Math.max(1, this.#flight.length), 1);
    if (entry === undefined || !this.#started) return;
    this.#judge.arrived(entry);
    this.#core.live(entry.message, entry.last);
    this.#judge.checkPosition();
  }

  deliverTick(): void {
    const entry = this.#tickFlight.shift();
    if (entry === undefined) return;
    switch (this.#ticks.observe(entry.message, entry.last)) {
      case "fine":
        return;
      case "gap":
        this.suspect();
        return;
      case "regressed":
        this.#regressed();
        return;
      case "older": {
        const newest = this.#ticks.newest;
        const kept = newest && this.#stream.next(TICK, newest.sequence);
        if (kept?.sequence === newest?.sequence && kept?.time === newest?.time) this.suspect();
        else this.#regressed();
      }
    }
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
    this.#reads.serve(pick);
  }

  arrive(pick: number): void {
    this.#reads.arrive(pick);
    this.#judge.checkPosition();
  }

  failRead(pick: number): void {
    this.#reads.fail(pick);
    this.#judge.checkPosition();
  }

  fireWait(pick: number): void {
    this.#reads.fireWait(pick);
    this.#judge.checkPosition();
  }

  replicate(pick: number): void {
    this.#stream.replicate(1 + (pick % (this.#stream.replicas.length - 1)), 1 + (pick % 5));
  }

  expire(pick: number): void {
    this.#stream.expire(1 + (pick % 4));
  }

  purge(): void {
    this.#stream.expire(Number.POSITIVE_INFINITY);
  }

  break(): void {
    if (this.#link === "down") return;
    this.#link = "down";
    this.#upheavals += 1;
    // What was discarded before is beyond finding.
    for (const entry of this.#flight) entry.lostWithLink = entry.stored;
    this.#flight = [];
    this.#tickFlight = [];
    this.#reads.failAll();
    if (this.#started) this.#core.interrupted();
    this.#judge.checkPosition();
  }

  /** Messages flow again; that nothing is missed from now on is known later. */
  mend(): void {
    if (this.#link === "down") {
      this.#link = "unconfirmed";
    } else if (this.#link === "unconfirmed") {
      this.#link = "up";
      this.suspect();
    }
  }

  /** What the old leader had not sent on is lost. */
  changeLeader(pick: number): void {
    this.#flight.splice(Math.max(0, this.#flight.length - (pick % 4)));
    this.suspect();
  }

  suspect(): void {
    if (!this.#started || this.#link !== "up") return;
    this.#upheavals += 1;
    this.#core.suspect();
    this.#judge.checkPosition();
  }

  check(): void {
    if (this.#started) this.#core.check();
  }

  recreate(): void {
    this.break();
    this.#stream = this.#newStream();
  }

  /** The stream loses its newest messages, and with it goes the connection. */
  lose(pick: number): void {
    this.break();
    this.#stream.lose(1 + (pick % 4));
    this.#judge.lost();
    this.#laggard.lost();
  }

  joinSince(pick: number): void {
    this.#resume(pick % (this.#stream.lastSequence + 1));
  }

  joinRecent(pick: number): void {
    this.#resume(Math.max(0, this.#stream.lastSequence - (pick % 6)));
  }

  joinFuture(pick: number): void {
    this.#resume(this.#stream.lastSequence + 1 + (pick % 5));
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

  fallBehind(): void {
    this.#laggard.stop();
  }

  catchUp(pick: number): void {
    if (this.#started) this.#laggard.read(this.#core, { messages: 1 + (pick % 4), bytes: 1_000_000 });
  }

  /** The adversary gives up: everything arrives. Then nothing may be missing. */
  settle(): void {
    this.mend();
    this.mend();
    for (let round = 0; round < 3; round++) {
      this.start();
      this.tick();
      this.#comeToRest();
      this.check();
      this.#comeToRest();
    }
    if (this.#unanswered > 0) throw new BrokenPromise("somebody who joined was never answered");
    this.#judge.checkRest();
    for (let steps = 0; this.#laggard.isBehind && steps < MOST_STEPS_TO_REST; steps++) {
      this.catchUp(steps);
      this.#comeToRest();
    }
    this.#laggard.check();
  }

  /** Times that somebody caught up, or was reset instead, and messages that it got by this. */
  get catchUps(): { readonly times: number; readonly resets: number; readonly messages: number } {
    const { caughtUp, resets, given } = this.#laggard;
    return { times: caughtUp, resets, messages: given };
  }

  #comeToRest(): void {
    for (let steps = 0; steps < MOST_STEPS_TO_REST; steps++) {
      this.#stream.replicas.fill(this.#stream.lastSequence);
      if (this.#tickFlight.length > 0) {
        this.deliverTick();
      } else if (this.#flight.length > 0) {
        this.deliver(0);
      } else if (!this.#reads.isIdle) {
        this.#reads.advance();
        this.#judge.checkPosition();
      } else {
        return;
      }
    }
    throw new BrokenPromise("does not come to rest");
  }

  #regressed(): void {
    this.#ticks.restart();
    this.#upheavals += 1;
    if (this.#started) this.#core.regressed();
  }

  #newStream(): ModelStream {
    this.#lives += 1;
    return new ModelStream(`epoch00${this.#lives % 10}`, this.options.messagesPerChannel, () => {
      this.#time += 1;
      return this.#time;
    });
  }

  #newTail(): TailCore {
    const { filter, limits, rules, ringBytes } = this.options;
    const judge = this.#judge;
    const laggard = this.#laggard;
    this.#started = false;
    judge.restarted();
    return new TailCore({
      filter,
      limits,
      counts: new TailCounts(),
      rules,
      ring: new Ring(new RingBudget(ringBytes), limits.replayMessages),
      reads: this.#reads,
      effects: {
        started: () => {
          judge.started();
          laggard.begin(this.#core.position ?? { epoch: "", sequence: 0 });
        },
        failed: () => {
          // Whoever wants it makes another one.
          this.#core = this.#newTail();
        },
        deliver: (message) => {
          judge.delivered(message);
          laggard.delivered(message);
        },
        reset: (reason, position) => {
          this.#upheavals += 1;
          judge.reset(reason, position);
          laggard.reset(position);
        },
        catchingUp: (active) => judge.catchingUp(active),
      },
    });
  }

  #resume(sequence: number): void {
    this.#join({ kind: "since", cursor: new Map([[this.#stream.epoch, sequence]]) });
  }

  #join(from: JoinFrom): void {
    let answered = false;
    this.#unanswered += 1;
    this.#core.join({
      from,
      signal: undefined,
      joined: (joined) => {
        if (answered) throw new BrokenPromise("somebody who joined was answered twice");
        answered = true;
        this.#unanswered -= 1;
        this.#judge.joined(from, joined);
      },
    });
    this.#judge.checkPosition();
  }
}
