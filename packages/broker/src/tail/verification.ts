import type { BrokerError } from "../broker-error.ts";
import type { StoredMessage } from "../store/stored-message.ts";
import type { StreamState } from "../store/stream-reader.ts";
import type { HeadAnswer } from "./head-query.ts";
import { HeadQuery } from "./head-query.ts";
import { PatientReads } from "./patient-reads.ts";
import type { RangeOutcome, RangeSpec } from "./range-fetch.ts";
import { RangeFetch } from "./range-fetch.ts";
import type { TailState } from "./tail-state.ts";

/** Messages may have been missed, and whatever says so does not say which. */
interface Doubt {
  /** Everything up to here had been delivered when it arose. */
  readonly since: number;
  /** End of the stream, asked for after it arose. */
  readonly bound: number | undefined;
}

/** What becomes the floor when everything that is expected has been delivered. */
interface Findings {
  readonly upTo: number;
  /** Newest message of the one channel; 0 for a pattern, or if there is none. */
  readonly head: number;
}

/** Messages of a channel that are stored; the first of them must not be passed over because the stream has lost it since. */
interface Expectation {
  readonly first: number;
  readonly newest: number;
}

/** Without a reason to doubt, what a replica knows and we do not is most likely on its way to us. */
const GRACE_MS = 100;
/** Before the leader's word is taken that the stream is shorter than it was: a leader that was cut off says so, too. */
const SECOND_LOOK_MS = 100;
/** While the stream cannot be read. */
const RETRY_MS = 1_000;

/**
 * Raises the floor of a tail by asking what is newest, and so finds messages that were lost without a trace. Done when there is
 * doubt, when somebody's cursor is ahead of the floor, and now and then.
 */
export class Verification {
  readonly #tail: TailState;
  readonly #onFailed: (error: BrokerError) => void;
  #doubt: Doubt | undefined;
  #demand = 0;
  #checkWanted = false;
  #paused = false;
  /** What is under way. */
  #current: { end(): void } | undefined;
  #findings: Findings | undefined;
  /** Of each channel, what somebody saw in the stream that was not delivered then. */
  readonly #expected = new Map<string, Expectation>();
  #looks = 0;

  /** @param onFailed the stream could not be read; it is tried again as long as there is doubt. */
  constructor(tail: TailState, onFailed: (error: BrokerError) => void) {
    this.#tail = tail;
    this.#onFailed = onFailed;
  }

  get doubtful(): boolean {
    return this.#doubt !== undefined;
  }

  /** Whether {@link progressed} needs to be called. */
  get waitsForMessages(): boolean {
    return this.#findings !== undefined;
  }

  /** Messages are being lost until {@link suspect} says that they flow again. */
  pause(): void {
    this.#stop();
    this.#paused = true;
    this.#doubt = this.#freshDoubt();
  }

  /** Messages may have been lost up to now. */
  suspect(): void {
    this.#stop();
    this.#paused = false;
    this.#doubt = this.#freshDoubt();
    this.#advance();
  }

  /** Looks without a reason. */
  check(): void {
    this.#checkWanted = true;
    this.#advance();
  }

  /** The floor has to reach this sequence, which the stream has reached. */
  demand(sequence: number): void {
    if (sequence <= this.#demand) return;
    this.#demand = sequence;
    this.#advance();
  }

  /** Holes were filled, or messages came. */
  progressed(): void {
    const findings = this.#findings;
    if (findings !== undefined && this.#isSettled()) this.#conclude(findings);
  }

  expect(heads: ReadonlyMap<string, number>): void {
    const { progress } = this.#tail;
    for (const [channel, head] of heads) {
      if (!this.#tail.isMine(channel) || head <= progress.known(channel)) continue;
      const expected = this.#expected.get(channel);
      if (expected === undefined) this.#expected.set(channel, { first: head, newest: head });
      else if (head > expected.newest) this.#expected.set(channel, { ...expected, newest: head });
    }
    if (this.#findings !== undefined && this.#current === undefined) this.#demandExpected(this.#findings);
  }

  /** Sequence of the message that has to be delivered before this one, as far as anybody knows. */
  predecessor({ channel, sequence }: StoredMessage, last: number): number {
    if (this.#expected.size === 0) return last;
    const { first = 0, newest = 0 } = this.#expected.get(channel) ?? {};
    const expected = first > this.#tail.progress.known(channel) ? first : newest;
    return expected < sequence ? Math.max(expected, last) : last;
  }

  /** The tail goes on behind `floor`; nothing before it matters any more, and nothing at all if the stream is another. */
  onReset(floor: number, isSame: boolean): void {
    this.#stop();
    this.#demand = 0;
    for (const [channel, { newest }] of this.#expected) {
      if (!isSame || newest <= floor) this.#expected.delete(channel);
    }
    if (this.#doubt === undefined) return;
    const { bound } = this.#doubt;
    this.#doubt = bound !== undefined && bound <= floor ? undefined : { since: floor, bound };
  }

  /** End of the stream as far as it was asked for because of a doubt. */
  get bound(): number {
    return this.#doubt?.bound ?? 0;
  }

  /** Goes on after {@link onReset}. */
  resume(): void {
    this.#advance();
  }

  end(): void {
    this.#stop();
    this.#paused = true;
  }

  #freshDoubt(): Doubt {
    return {
      since: this.#doubt?.since ?? this.#tail.progress.floor,
      bound: undefined,
    };
  }

  #advance(): void {
    if (this.#paused || this.#current !== undefined || this.#findings !== undefined) return;
    const { floor } = this.#tail.progress;
    if (this.#doubt !== undefined && this.#doubt.bound === undefined) {
      this.#looks = 0;
      this.#askState();
      return;
    }
    const demand = this.#demand > floor ? this.#demand : 0;
    if (this.#doubt !== undefined || this.#checkWanted || demand > 0) {
      this.#askHeads(Math.max(this.#doubt?.bound ?? 0, demand));
    }
  }

  /** The stream now: is it still the one we know, and how far does it go? */
  #askState(): void {
    const { highest } = this.#tail.progress;
    const reads = this.#begin();
    reads.ask<StreamState>(
      ({ state }, answer) => state(answer),
      (state) => {
        if (state.epoch !== this.#tail.epoch) {
          this.#moved(state);
        } else if (state.lastSequence < highest) {
          this.#onShorter(reads, state);
        } else {
          this.#current = undefined;
          if (this.#doubt !== undefined) this.#doubt = { ...this.#doubt, bound: state.lastSequence };
          this.#advance();
        }
      },
    );
  }

  #onShorter(reads: PatientReads, { lastSequence }: StreamState): void {
    this.#looks += 1;
    if (this.#looks === 1) {
      reads.wait(SECOND_LOOK_MS, () => this.#askState());
      return;
    }
    if (this.#doubt !== undefined) this.#doubt = { ...this.#doubt, bound: lastSequence };
    this.#tail.restart("future", this.#tail.epoch, lastSequence);
  }

  #moved({ epoch, lastSequence }: StreamState): void {
    if (this.#doubt !== undefined) this.#doubt = { ...this.#doubt, bound: lastSequence };
    this.#tail.restart("epoch", epoch, lastSequence);
  }

  #askHeads(bound: number): void {
    const { reads, filter, isPattern } = this.#tail;
    this.#checkWanted = false;
    const onSeen = (heads: ReadonlyMap<string, number>) => this.expect(heads);
    const query = new HeadQuery(reads, { filter, isPattern, bound, onSeen }, (answer) =>
      this.#onHeads(bound, answer),
    );
    this.#current = { end: () => query.cancel() };
    query.start();
  }

  #onHeads(bound: number, answer: HeadAnswer): void {
    this.#current = undefined;
    switch (answer.kind) {
      case "failed":
        this.#failed(answer.error);
        return;
      case "unknown":
        this.#askForScan(bound);
        return;
      case "heads":
        this.#onFindings({ upTo: answer.upTo, head: answer.heads.get(this.#tail.filter) ?? 0 });
    }
  }

  #onFindings(findings: Findings): void {
    this.#findings = findings;
    if (this.#isSettled()) this.#conclude(findings);
    else if (this.#doubt === undefined) this.#begin().wait(GRACE_MS, () => this.#demandExpected(findings));
    else this.#demandExpected(findings);
  }

  /** Whether everything that is known to be stored has been delivered. */
  #isSettled(): boolean {
    const { progress } = this.#tail;
    for (const [channel, { newest }] of this.#expected) {
      if (newest <= progress.known(channel)) this.#expected.delete(channel);
    }
    return this.#expected.size === 0 && !this.#tail.hasHoles;
  }

  #demandExpected(findings: Findings): void {
    this.#current = undefined;
    for (const [channel, { newest }] of [...this.#expected]) this.#tail.demand(channel, newest);
    if (this.#findings === findings && this.#isSettled()) this.#conclude(findings);
  }

  #conclude(findings: Findings): void {
    this.#stop();
    // A newest message that is still there proves that none behind it was discarded; without, only the stream's age does.
    const needsAge = this.#doubt !== undefined && findings.head === 0;
    if (needsAge) this.#proveByAge(findings);
    else this.#raise(findings);
  }

  #proveByAge(findings: Findings): void {
    this.#begin().ask<StreamState>(
      ({ state }, answer) => state(answer),
      (state) => {
        this.#current = undefined;
        const { epoch, progress } = this.#tail;
        if (state.epoch !== epoch) this.#moved(state);
        else if (this.#doubt !== undefined && state.firstSequence > this.#doubt.since + 1) {
          this.#tail.restart("expired", epoch, Math.max(findings.upTo, progress.highest));
        } else this.#raise(findings);
      },
    );
  }

  #raise(findings: Findings): void {
    // What came to light meanwhile says that the findings are not the whole truth.
    if (!this.#isSettled()) {
      this.#onFindings(findings);
      return;
    }
    const { upTo, head } = findings;
    const { filter, progress } = this.#tail;
    if (head > 0 && head <= progress.floor) progress.advance(filter, head);
    const { bound } = this.#doubt ?? {};
    if (bound !== undefined && bound <= upTo) this.#doubt = undefined;
    this.#tail.raise(upTo);
    this.#advance();
  }

  #askForScan(bound: number): void {
    if (bound > 0) {
      this.#scan(bound);
      return;
    }
    this.#begin().ask<StreamState>(
      ({ state }, answer) => state(answer),
      (state) => {
        this.#current = undefined;
        if (state.epoch === this.#tail.epoch) this.#scan(state.lastSequence);
        else this.#moved(state);
      },
    );
  }

  /** Reads everything behind the floor instead of only what is newest. */
  #scan(bound: number): void {
    const { filter, isPattern, epoch, progress } = this.#tail;
    const { floor } = progress;
    if (bound <= floor && this.#doubt === undefined) {
      this.#advance();
      return;
    }
    const from = this.#doubt?.since ?? floor;
    const spec: RangeSpec = {
      filter,
      isPattern,
      epoch,
      from,
      target: bound,
      targetIsBound: true,
      proof: "from",
      // Without doubt it may go on in steps.
      onTooFar: () => (this.#doubt === undefined ? "stop" : "give_up"),
    };
    const fetch = new RangeFetch(this.#tail, spec, (outcome) => this.#onScanned(from, bound, outcome));
    this.#current = { end: () => fetch.cancel() };
    fetch.start();
  }

  #onScanned(from: number, bound: number, outcome: RangeOutcome): void {
    this.#current = undefined;
    const restart = (reason: "expired" | "too_far" | "unavailable") =>
      this.#tail.restart(reason, this.#tail.epoch, Math.max(bound, this.#tail.progress.highest));
    switch (outcome.kind) {
      case "failed":
        this.#failed(outcome.error);
        return;
      case "moved":
        this.#moved(outcome.state);
        return;
      case "too_far":
        // Without doubt nothing is known to be missing: the floor stays where it is.
        restart("too_far");
        return;
      case "gone":
      case "rewritten":
        restart("unavailable");
        return;
      case "fetched":
        this.#checkWanted = outcome.upTo < bound;
        if (outcome.soundFrom <= from) {
          this.#tail.fill(outcome.messages);
          this.#raise({ upTo: Math.min(bound, outcome.upTo), head: 0 });
        } else if (this.#doubt === undefined) {
          // Channel by channel it may be proven still.
          this.expect(newestOf(outcome.messages));
          this.#onFindings({ upTo: Math.min(bound, outcome.upTo), head: 0 });
        } else {
          restart("expired");
        }
    }
  }

  #failed(error: BrokerError): void {
    this.#onFailed(error);
    if (this.#doubt === undefined || this.#paused) return;
    this.#begin().wait(RETRY_MS, () => {
      this.#current = undefined;
      this.#advance();
    });
  }

  #begin(): PatientReads {
    const reads = new PatientReads(this.#tail.reads, (error) => {
      this.#current = undefined;
      this.#failed(error);
    });
    this.#current = reads;
    return reads;
  }

  #stop(): void {
    this.#current?.end();
    this.#current = undefined;
    this.#findings = undefined;
  }
}

function newestOf(messages: readonly StoredMessage[]): ReadonlyMap<string, number> {
  return new Map(messages.map(({ channel, sequence }) => [channel, sequence]));
}
