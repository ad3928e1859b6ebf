import type { ResetReason } from "@tidegate/protocol";
import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import type { HeadAnswer } from "./head-query.ts";
import { HeadQuery } from "./head-query.ts";
import type { Joiner, Latecomer, Resumer } from "./joiner.ts";
import type { RangeOutcome, RangeSpec } from "./range-fetch.ts";
import { RangeFetch } from "./range-fetch.ts";
import type { Ring } from "./ring.ts";
import { inOrder } from "./ring.ts";
import type { TailState } from "./tail-state.ts";

export interface RecoveryOutcomes {
  messages(joiner: Joiner, messages: readonly StoredMessage[]): void;
  reset(joiner: Joiner, reason: ResetReason): void;
  failed(joiner: Joiner, error: BrokerError): void;
  /** Another look may do without the stream now. */
  again(joiner: Joiner): void;
}

/** What is under way: messages up to `upper` come from the stream, those behind have been delivered already or will be. */
interface Run {
  upper: number;
  /** Behind which sequence the messages are read; below the lowest cursor, for those who come later. */
  from: number;
  /** From where on it is proven that nothing is missing, if it can be. */
  wanted: number;
  /** In the order of delivery. */
  readonly held: StoredMessage[];
  resumers: Resumer[];
  latecomers: readonly Latecomer[];
  step: { cancel(): void } | undefined;
}

/** First window that is searched for the newest messages, in sequences per message wanted, and how it grows. */
const WINDOW_PER_MESSAGE = 4;
const WINDOW_GROWTH = 8;
/** As far below the lowest cursor as the read is long, but not less than this share of the limit. */
const LEAST_REACH = 1 / 8;

/**
 * Reads what is older than the ring for those who join: one read of the range that the oldest cursor needs serves all who
 * wait, and goes into the ring for those to come.
 */
export class Recovery {
  readonly #tail: TailState;
  readonly #ring: Ring;
  readonly #outcomes: RecoveryOutcomes;
  #resumers: Resumer[] = [];
  #latecomers: Latecomer[] = [];
  #run: Run | undefined;
  #scheduled = false;

  constructor(tail: TailState, ring: Ring, outcomes: RecoveryOutcomes) {
    this.#tail = tail;
    this.#ring = ring;
    this.#outcomes = outcomes;
  }

  get active(): boolean {
    return this.#run !== undefined;
  }

  addResumer(resumer: Resumer): void {
    const run = this.#run;
    if (run !== undefined && run.resumers.length > 0 && resumer.cursor >= run.from) {
      run.resumers.push(resumer);
    } else {
      this.#resumers.push(resumer);
      this.#schedule();
    }
  }

  addLatecomer(latecomer: Latecomer): void {
    this.#latecomers.push(latecomer);
    this.#schedule();
  }

  delivered(message: StoredMessage): void {
    const run = this.#run;
    if (run === undefined) return;
    run.held.push(message);
    if (run.held.length <= this.#tail.limits.replayMessages) return;
    // Whoever waits could not be given so many.
    for (const joiner of this.#end(run)) this.#outcomes.reset(joiner, "too_far");
    this.#goOn();
  }

  takeAll(): Joiner[] {
    const waiting: Joiner[] = [...this.#resumers.splice(0), ...this.#latecomers.splice(0)];
    if (this.#run !== undefined) waiting.push(...this.#end(this.#run));
    return waiting;
  }

  /** Everybody who comes in this turn shares the first run. */
  #schedule(): void {
    if (this.#scheduled || this.#run !== undefined) return;
    this.#scheduled = true;
    this.#tail.reads.wait(0, () => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#run !== undefined) return;
    const run: Run = {
      upper: this.#ring.from,
      from: Number.POSITIVE_INFINITY,
      wanted: Number.POSITIVE_INFINITY,
      held: this.#ring.after(0),
      resumers: this.#resumers.splice(0),
      latecomers: [],
      step: undefined,
    };
    if (run.resumers.length > 0) {
      this.#run = run;
      if (this.#ring.fromIsMessage) this.#fetch(run, run.upper, false);
      else this.#askHeads(run);
    } else if (this.#latecomers.length > 0) {
      this.#run = run;
      run.latecomers = this.#latecomers.splice(0);
      const count = Math.max(...run.latecomers.map((latecomer) => latecomer.count));
      this.#fetchNewest(run, Math.min(count, this.#tail.limits.replayMessages), WINDOW_PER_MESSAGE * count);
    }
  }

  /** What has to be seen to know that everything up to `upper` was? */
  #askHeads(run: Run): void {
    const { reads, filter, isPattern } = this.#tail;
    const onSeen = (heads: ReadonlyMap<string, number>) => this.#tail.expect(heads);
    const query = new HeadQuery(reads, { filter, isPattern, bound: run.upper, onSeen }, (answer) =>
      this.#onHeads(run, answer),
    );
    run.step = query;
    query.start();
  }

  #onHeads(run: Run, answer: HeadAnswer): void {
    if (answer.kind === "failed") {
      for (const joiner of this.#end(run)) this.#outcomes.failed(joiner, answer.error);
      this.#goOn();
      return;
    }
    if (answer.kind === "unknown") {
      this.#fetch(run, run.upper, true);
      return;
    }
    let newest = 0;
    for (const [channel, head] of answer.heads) {
      if (this.#tail.isMine(channel)) newest = Math.max(newest, head);
    }
    if (!this.#tail.isPattern && newest > 0 && newest <= run.upper && this.#ring.from === run.upper) {
      this.#ring.extendTo(newest);
      run.upper = newest;
      const served = run.resumers.filter(({ cursor }) => cursor >= newest);
      run.resumers = run.resumers.filter(({ cursor }) => cursor < newest);
      for (const resumer of served) this.#outcomes.again(resumer);
      if (run.resumers.length === 0) {
        this.#end(run);
        this.#goOn();
        return;
      }
    }
    this.#fetch(run, Math.min(newest, run.upper), false);
  }

  #fetch(run: Run, target: number, targetIsBound: boolean): void {
    const { filter, isPattern, epoch, limits } = this.#tail;
    const wanted = lowestOf(run.resumers) ?? target;
    run.wanted = wanted;
    // Of a pattern, a channel that is full within the range would count as one that has lost messages.
    const reach = isPattern
      ? 0
      : Math.min(Math.max(run.upper - wanted, limits.reachBack * LEAST_REACH), limits.reachBack);
    run.from = Math.max(0, wanted - Math.ceil(reach));
    const spec: RangeSpec = {
      filter,
      isPattern,
      epoch,
      from: run.from,
      wanted,
      target,
      targetIsBound,
      proof: "from",
      onTooFar: () => this.#dropLowest(run),
    };
    const fetch = new RangeFetch(this.#tail, spec, (outcome) => this.#onFetched(run, outcome));
    run.step = fetch;
    fetch.start();
  }

  /** Too much lies behind where the read began, or behind the lowest cursor; perhaps not behind the others. */
  #dropLowest(run: Run): number | "give_up" {
    const lowest = lowestOf(run.resumers) ?? 0;
    if (lowest > run.from) {
      run.from = lowest;
      return lowest;
    }
    const dropped = run.resumers.filter(({ cursor }) => cursor <= lowest);
    run.resumers = run.resumers.filter(({ cursor }) => cursor > lowest);
    for (const resumer of dropped) this.#outcomes.reset(resumer, "too_far");
    run.from = lowestOf(run.resumers) ?? Number.POSITIVE_INFINITY;
    return run.resumers.length === 0 ? "give_up" : run.from;
  }

  #onFetched(run: Run, outcome: RangeOutcome): void {
    if (outcome.kind === "moved") {
      this.#tail.restart("epoch", outcome.state.epoch, outcome.state.lastSequence);
      return;
    }
    const joiners = this.#end(run);
    switch (outcome.kind) {
      case "fetched":
        this.#takeIn(run, outcome.messages, outcome.soundFrom, false);
        this.#serveResumers(run, outcome.messages, outcome.soundFrom);
        break;
      case "gone":
      case "rewritten":
        for (const joiner of joiners) this.#outcomes.reset(joiner, "expired");
        break;
      case "too_far":
        for (const joiner of joiners) this.#outcomes.reset(joiner, "too_far");
        break;
      case "failed":
        for (const joiner of joiners) this.#outcomes.failed(joiner, outcome.error);
    }
    this.#goOn();
  }

  #serveResumers(run: Run, messages: readonly StoredMessage[], soundFrom: number): void {
    let cursor = -1;
    let found: readonly StoredMessage[] = [];
    // Many have the same cursor: they were all there when something broke.
    for (const resumer of inCursorOrder(run.resumers)) {
      if (resumer.cursor < soundFrom) {
        if (resumer.cursor < run.wanted) this.#outcomes.again(resumer);
        else this.#outcomes.reset(resumer, "expired");
        continue;
      }
      if (resumer.cursor !== cursor) {
        cursor = resumer.cursor;
        found = this.#joinUp(run, messages, cursor);
      }
      this.#outcomes.messages(resumer, found);
    }
  }

  /** All delivered messages behind `cursor`: the older ones from the stream, the rest as they were delivered. */
  #joinUp(run: Run, messages: readonly StoredMessage[], cursor: number): StoredMessage[] {
    const older = messages.filter((message) => message.sequence > cursor && this.#isOlder(run, message));
    const newer = run.held.filter(({ sequence }) => sequence > Math.max(cursor, run.upper));
    if (!this.#tail.isPattern) return [...older, ...newer];
    // A channel that was repaired meanwhile brings messages that both have.
    const seen = new Set(older.map(({ sequence }) => sequence));
    const repaired = run.held.filter(
      ({ sequence }) => sequence > cursor && sequence <= run.upper && !seen.has(sequence),
    );
    return inOrder([...older, ...repaired, ...newer]);
  }

  /** What was not delivered yet will be. */
  #isOlder(run: Run, { sequence, channel }: StoredMessage): boolean {
    return (
      sequence <= run.upper && this.#tail.isMine(channel) && sequence <= this.#tail.progress.known(channel)
    );
  }

  #takeIn(run: Run, messages: readonly StoredMessage[], soundFrom: number, isWhole: boolean): void {
    // Something was evicted meanwhile: there would be a hole in the ring.
    if (this.#ring.from !== run.upper || soundFrom > run.upper) return;
    const older = messages.filter((message) => message.sequence > soundFrom && this.#isOlder(run, message));
    this.#ring.prepend(older, soundFrom, isWhole);
  }

  #fetchNewest(run: Run, count: number, width: number): void {
    const { filter, epoch } = this.#tail;
    const from = Math.max(0, run.upper - width);
    const spec: RangeSpec = {
      filter,
      isPattern: false,
      epoch,
      from,
      target: run.upper,
      targetIsBound: !this.#ring.fromIsMessage || this.#ring.from !== run.upper,
      proof: "oldest",
      onTooFar: (messages) => {
        const older = messages.filter(({ sequence }) => sequence <= run.upper);
        return older.at(-1 - count)?.sequence ?? "give_up";
      },
    };
    const fetch = new RangeFetch(this.#tail, spec, (outcome) => {
      if (outcome.kind !== "fetched") {
        this.#onFetched(run, outcome);
        return;
      }
      const all = this.#joinUp(run, outcome.messages, 0);
      if (all.length < count && from > 0) {
        this.#fetchNewest(run, count, width * WINDOW_GROWTH);
        return;
      }
      this.#end(run);
      this.#takeIn(run, outcome.messages, outcome.soundFrom, from === 0);
      for (const latecomer of run.latecomers) {
        this.#outcomes.messages(latecomer, all.slice(-latecomer.count));
      }
      this.#goOn();
    });
    run.step = fetch;
    fetch.start();
  }

  /** Those who wait may need less now, or something else. */
  #goOn(): void {
    const waiting = [...this.#resumers.splice(0), ...this.#latecomers.splice(0)];
    for (const joiner of waiting) this.#outcomes.again(joiner);
  }

  #end(run: Run): Joiner[] {
    run.step?.cancel();
    if (this.#run === run) this.#run = undefined;
    return [...run.resumers, ...run.latecomers];
  }
}

function lowestOf(resumers: readonly Resumer[]): number | undefined {
  return resumers.length === 0
    ? undefined
    : resumers.reduce((lowest, { cursor }) => Math.min(lowest, cursor), Number.POSITIVE_INFINITY);
}

/** Sorts in place. */
function inCursorOrder(resumers: Resumer[]): Resumer[] {
  return resumers.sort((left, right) => left.cursor - right.cursor);
}
