import { isPattern } from "@tidegate/protocol";
import { BrokerError } from "../src/broker-error.ts";
import type { Answer, TailReads } from "../src/tail/tail-reads.ts";
import type { ModelStream } from "./model-stream.ts";

/** A read on its way: first somebody answers it, later the answer arrives. */
interface PendingRead {
  readonly serve: (replica: number) => () => void;
  readonly fail: () => void;
  arrive: (() => void) | undefined;
}

export interface ModelReadsParts {
  readonly stream: () => ModelStream;
  readonly isDown: () => boolean;
  /** A pattern has too many channels for its heads to be asked for. */
  readonly manyChannels: boolean;
  /** What to do when an answer about heads arrives, besides giving it to who asked. Made when it is asked for. */
  readonly noteHeads: () => (heads: ReadonlyMap<string, number>) => void;
}

const UNAVAILABLE = new BrokerError("unavailable", "the model says so");

/** The reads and pauses of a tail, each answered when the adversary likes, by the replica it likes. */
export class ModelReads implements TailReads {
  readonly #parts: ModelReadsParts;
  #reads: PendingRead[] = [];
  readonly #waits: (() => void)[] = [];

  constructor(parts: ModelReadsParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#reads.length === 0 && this.#waits.length === 0;
  }

  state: TailReads["state"] = (answer) => this.#read((stream) => stream.state, answer);
  head: TailReads["head"] = (channel, answer) => this.#read((stream) => stream.head(channel), answer);
  next: TailReads["next"] = (filter, from, answer) =>
    this.#read((stream) => stream.next(filter, from), answer);
  batch: TailReads["batch"] = (filter, from, limit, _maxBytes, answer) =>
    this.#read((stream, replica) => stream.batch(replica, filter, from, limit), answer);
  heads: TailReads["heads"] = (filter, answer) => {
    const note = this.#parts.noteHeads();
    const tooMany = this.#parts.manyChannels && isPattern(filter);
    this.#read(
      (stream, replica) => (tooMany ? undefined : stream.heads(replica, filter)),
      (found) => {
        if (found !== undefined && !(found instanceof BrokerError)) note(found.heads);
        answer(found);
      },
    );
  };
  wait: TailReads["wait"] = (_ms, done) => void this.#waits.push(done);

  /** A replica looks at what it has now. */
  serve(pick: number): void {
    const waiting = this.#reads.filter(({ arrive }) => arrive === undefined);
    const read = waiting[pick % Math.max(1, waiting.length)];
    if (read === undefined) return;
    read.arrive = read.serve(Math.floor(pick / 7) % this.#parts.stream().replicas.length);
  }

  /** One of the answers gets here. */
  arrive(pick: number): void {
    const served = this.#reads.filter(({ arrive }) => arrive !== undefined);
    const read = served[pick % Math.max(1, served.length)];
    if (read === undefined) return;
    this.#reads.splice(this.#reads.indexOf(read), 1);
    read.arrive?.();
  }

  fail(pick: number): void {
    const [read] = this.#reads.splice(pick % Math.max(1, this.#reads.length), 1);
    read?.fail();
  }

  failAll(): void {
    const reads = this.#reads;
    this.#reads = [];
    for (const read of reads) read.fail();
  }

  fireWait(pick: number): void {
    const [wait] = this.#waits.splice(pick % Math.max(1, this.#waits.length), 1);
    wait?.();
  }

  /** The oldest read is answered, or the oldest pause is over. */
  advance(): void {
    if (this.#reads.length === 0) {
      this.fireWait(0);
    } else {
      this.serve(0);
      this.arrive(0);
    }
  }

  #read<Value>(look: (stream: ModelStream, replica: number) => Value, answer: Answer<Value>): void {
    const fail = () => answer(UNAVAILABLE);
    if (this.#parts.isDown()) {
      this.#reads.push({ serve: () => fail, fail, arrive: fail });
      return;
    }
    const serve = (replica: number) => {
      const value = look(this.#parts.stream(), replica);
      return () => answer(value);
    };
    this.#reads.push({ serve, fail, arrive: undefined });
  }
}
