import type { BrokerError } from "@tidegate/broker";
import type { Position, ResetReason } from "@tidegate/protocol";
import type { Seat } from "../src/fan-out/audience.ts";
import type { Seated } from "../src/fan-out/channel-entry.ts";
import type { Format, Frame } from "../src/fan-out/format.ts";
import { LINE_LOST, LINE_SENT, type Line } from "../src/fan-out/line.ts";

/** A seat that keeps what it gets. */
export class TestSeat implements Seat {
  index = -1;
  due = 0;
  readonly format: Format;
  readonly deliveries: (readonly Frame[])[] = [];
  readonly resets: { readonly reason: ResetReason; readonly position: Position }[] = [];
  readonly catchUps: boolean[] = [];
  readonly losses: BrokerError[] = [];
  readonly outcomes: Seated[] = [];
  /** Sequences of messages, and resets, in the order in which they came. */
  readonly log: (number | "reset")[] = [];
  onDeliver: () => void = () => {};
  /** What its line does with the next frames; then it sends them. */
  lineOutcomes: number[] = [];
  /** What waits on its line. */
  buffered = 0;
  corks = 0;
  readonly strains: number[] = [];
  line: Line | undefined;

  constructor(format: Format = "json") {
    this.format = format;
  }

  /** To be passed to a join: what is replayed counts as delivered. */
  readonly seated = (outcome: Seated): void => {
    this.outcomes.push(outcome);
    if (outcome.kind === "joined" && outcome.frames.length > 0) {
      this.#take(outcome.frames);
    } else if (outcome.kind === "reset") {
      this.log.push("reset");
    }
  };

  deliver(frames: readonly Frame[]): void {
    this.#take(frames);
    this.onDeliver();
  }

  /** From now on what is flushed goes out over a line, if it sits. */
  openLine(): void {
    this.line = {
      cork: (write) => {
        this.corks += 1;
        write();
      },
      getBufferedAmount: () => this.buffered,
      send: (bytes, binary) => {
        const outcome = this.lineOutcomes.shift() ?? LINE_SENT;
        if (outcome !== LINE_LOST) {
          this.#take([{ bytes: new Uint8Array(bytes), binary, sequence: 0, messages: 1 }]);
        }
        return outcome;
      },
    };
  }

  strained(outcome: number): void {
    this.strains.push(outcome);
    this.onDeliver();
  }

  reset(reason: ResetReason, position: Position): void {
    this.resets.push({ reason, position });
    this.log.push("reset");
  }

  catchingUp(active: boolean): void {
    this.catchUps.push(active);
  }

  lost(error: BrokerError): void {
    this.losses.push(error);
  }

  #take(frames: readonly Frame[]): void {
    this.deliveries.push(frames);
    this.log.push(...frames.map(({ sequence }) => sequence));
  }

  get frames(): readonly Frame[] {
    return this.deliveries.flat();
  }

  get texts(): readonly string[] {
    return this.frames.map(({ bytes }) => Buffer.from(bytes).toString());
  }

  get messages(): readonly unknown[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  get sequences(): readonly number[] {
    return this.frames.map(({ sequence }) => sequence);
  }
}
