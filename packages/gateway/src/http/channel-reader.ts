import type { BrokerError, JoinFrom, PieceLimits } from "@tidegate/broker";
import { type Cursor, encodeCursor, namespaceOf, type Position, type ResetReason } from "@tidegate/protocol";
import { EndOfTurn } from "../end-of-turn.ts";
import type { Seat } from "../fan-out/audience.ts";
import type { Laggard } from "../fan-out/catch-up.ts";
import type { Seated } from "../fan-out/channel-entry.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { HeldChannel } from "../fan-out/held-channel.ts";
import type { Hub } from "../fan-out/hub.ts";
import type { CatchUpStep } from "../fan-out/paused-seat.ts";
import type { NamespaceOrder } from "./namespace-order.ts";
import type { ReaderItem, ResetNotice } from "./reader-item.ts";
import { type NamespaceChannel, ReaderNamespace } from "./reader-namespace.ts";

/** Gets what a reader reads. Called synchronously by the hub: nothing may throw. */
export interface ReaderOwner {
  /** All channels stand. What has been read of replayable ones follows, from within the same call. */
  begun(): void;
  /** Messages of a live channel. */
  live(frames: readonly Frame[]): void;
  /**
   * Messages and resets of one namespace with history, in its order.
   *
   * @param mark up to where the client has everything of the namespace already: an item that is not behind it moves no cursor.
   * @param must they are given only once; others may be left for later, by who is told of those that fall behind.
   * @returns false if none of them was taken.
   */
  ordered(namespace: string, items: readonly ReaderItem[], mark: number, must: boolean): boolean;
  /** Call {@link ChannelReader.flush} now and then while it settles. */
  settling(): void;
  /** The broker cannot give one of the channels, or gives it no longer; or too much came while another was being repaired. */
  failed(error: BrokerError | "overflow"): void;
}

type Order = NamespaceOrder<ReaderItem, NamespaceChannel>;

const NOW: JoinFrom = { kind: "now" };

/** Behind everything that the hub delivers in a turn. */
const FLUSHES = new EndOfTurn<ChannelReader>((reader) => reader.flush());

/** The channels of an event stream or of a poll, read by one cursor for all of them. */
export class ChannelReader {
  readonly #owner: ReaderOwner;
  readonly #heldLimitBytes: number;
  readonly #fellBehind: ((laggard: Laggard) => void) | undefined;
  readonly #seats: ReaderSeat[] = [];
  readonly #namespaces = new Map<string, ReaderNamespace>();
  #standing = 0;
  #heldBytes = 0;
  #flushDue = false;
  #isOver = false;

  /**
   * @param heldLimitBytes how much may come while a channel is being repaired.
   * @param fellBehind gets what the owner did not take, and what was more than may be held, to have it catch up; `undefined` if the
   *   owner takes everything, and fails if there is more.
   */
  constructor(
    owner: ReaderOwner,
    heldLimitBytes: number,
    fellBehind: ((laggard: Laggard) => void) | undefined,
  ) {
    this.#owner = owner;
    this.#heldLimitBytes = heldLimitBytes;
    this.#fellBehind = fellBehind;
  }

  get hasLive(): boolean {
    return this.#seats.some(({ replayable }) => !replayable);
  }

  /** Whether something is held until it is known that nothing comes before it. */
  get isSettling(): boolean {
    for (const { order } of this.#namespaces.values()) {
      if (order.isSettling) {
        return true;
      }
    }
    return false;
  }

  /** @param cursor where to go on; `undefined`: from now. */
  start(hub: Hub, channels: readonly string[], format: Format, cursor: Cursor | undefined): void {
    for (const channel of channels) {
      const held = hub.hold(channel);
      const order = held.replayable ? this.#namespace(namespaceOf(channel)).order : undefined;
      const seat = new ReaderSeat(this, held, format, order);
      order?.add(seat);
      this.#seats.push(seat);
    }
    for (const seat of this.#seats) {
      // One that fails at once is the end of all.
      if (!this.#isOver) {
        seat.join(cursor);
      }
    }
  }

  /** The cursor of all replayable channels; `undefined` if none is, or while there is no place that can be named. */
  cursor(): string | undefined {
    return this.#encode((order) => order.mark);
  }

  /** The same, after moving it as far as the channels are known to be complete. */
  checkpoint(): string | undefined {
    return this.#encode((order) => order.checkpoint());
  }

  /** The cursor where one namespace, or the only one, is at `sequence` and the others are where they are. */
  cursorAt(sequence: number, namespace?: string): string | undefined {
    const moved = namespace === undefined ? undefined : this.#namespaces.get(namespace)?.order;
    return this.#encode((order) => {
      const { mark } = order;
      return mark !== undefined && (moved === undefined || order === moved)
        ? { epoch: mark.epoch, sequence }
        : mark;
    });
  }

  /** The cursor where some namespaces are at these places and the others are where they are. */
  cursorWith(places: ReadonlyMap<string, number>): string | undefined {
    const names = new Map([...this.#namespaces.values()].map(({ name, order }) => [order, name]));
    return this.#encode((order) => {
      const { mark } = order;
      const sequence = places.get(names.get(order) ?? "") ?? mark?.sequence;
      return mark === undefined || sequence === undefined ? undefined : { epoch: mark.epoch, sequence };
    });
  }

  /** How many namespaces with history there are: with one, the cursor of a message is that of all. */
  get namespaces(): number {
    return this.#namespaces.size;
  }

  /** Has delivered what is held back to go out with others. */
  serve(): void {
    for (const seat of this.#seats) {
      seat.serve();
    }
    this.flush();
  }

  /** Lets go what can be let go now. */
  flush(): void {
    this.#flushDue = false;
    for (const { order } of this.#namespaces.values()) {
      if (!this.#isOver) {
        order.flush();
      }
    }
    if (this.#heldBytes > this.#heldLimitBytes) {
      this.#giveUpHeld();
    }
  }

  /** Gives up all channels. Idempotent. */
  release(): void {
    this.#isOver = true;
    for (const seat of this.#seats) {
      seat.release();
    }
  }

  /** @internal For the seats. */
  stands(): void {
    this.#standing += 1;
    if (this.#standing < this.#seats.length || this.#isOver) {
      return;
    }
    for (const { order } of this.#namespaces.values()) {
      order.prepare();
    }
    this.#owner.begun();
    for (const { order } of this.#namespaces.values()) {
      if (!this.#isOver) {
        order.begin();
      }
    }
  }

  /** @internal For the seats. */
  live(frames: readonly Frame[]): void {
    if (!this.#isOver) {
      this.#owner.live(frames);
    }
  }

  /** @internal For the seats. */
  weigh(order: Order, frames: readonly Frame[]): void {
    if (order.isSteady) {
      this.#heldBytes = 0;
      return;
    }
    for (const { bytes } of frames) {
      this.#heldBytes += bytes.byteLength;
    }
    if (this.#heldBytes > this.#heldLimitBytes) {
      this.#flushLater();
    }
  }

  /** @internal For the seats. */
  fail(error: BrokerError | "overflow"): void {
    if (!this.#isOver) {
      this.#owner.failed(error);
    }
  }

  /** More may be held than is allowed. */
  #giveUpHeld(): void {
    this.#heldBytes = 0;
    for (const { order } of this.#namespaces.values()) {
      if (!order.isSteady && (this.#fellBehind === undefined || !order.fallBehind())) {
        this.fail("overflow");
      }
    }
  }

  #namespace(name: string): ReaderNamespace {
    const known = this.#namespaces.get(name);
    if (known !== undefined) {
      return known;
    }
    const namespace = new ReaderNamespace(
      name,
      {
        release: (items, mark, must) => this.#isOver || this.#owner.ordered(name, items, mark, must),
        flushLater: () => this.#flushLater(),
        settling: () => this.#owner.settling(),
      },
      (laggard) => this.#fellBehind?.(laggard),
    );
    this.#namespaces.set(name, namespace);
    return namespace;
  }

  #flushLater(): void {
    if (!this.#flushDue) {
      this.#flushDue = true;
      FLUSHES.add(this);
    }
  }

  #encode(place: (order: Order) => Position | undefined): string | undefined {
    const positions: Position[] = [];
    for (const { order } of this.#namespaces.values()) {
      const position = place(order);
      if (position === undefined) {
        return undefined;
      }
      positions.push(position);
    }
    return positions.length === 0 ? undefined : encodeCursor(positions);
  }
}

/** One channel of a reader. */
class ReaderSeat implements Seat, NamespaceChannel {
  index = -1;
  due = 0;
  /** What it gets has to be put in order with other channels. */
  readonly line = undefined;
  readonly format: Format;
  readonly #reader: ChannelReader;
  readonly #held: HeldChannel;
  readonly #order: Order | undefined;
  /** Sequence from which on it was asked for. */
  #from = 0;

  constructor(reader: ChannelReader, held: HeldChannel, format: Format, order: Order | undefined) {
    this.format = format;
    this.#reader = reader;
    this.#held = held;
    this.#order = order;
  }

  get replayable(): boolean {
    return this.#held.replayable;
  }

  join(cursor: Cursor | undefined): void {
    const from: JoinFrom = cursor === undefined || !this.replayable ? NOW : { kind: "since", cursor };
    this.#held.join(from, this, (seated) => this.#seated(seated, cursor));
  }

  release(): void {
    this.#held.release();
  }

  position(): Position | undefined {
    return this.#held.checkpoint();
  }

  serve(): void {
    this.#held.serve();
  }

  prove(place: Position, done: () => void): void {
    this.#held.prove(place, done);
  }

  fallBehind(mark: Position, late: readonly number[]): number {
    const { epoch } = mark;
    // The mark may be a place that other channels have come to, and this one is not known to have.
    const position = this.#held.checkpoint();
    const known = Math.max(position?.epoch === epoch ? position.sequence : 0, this.#held.lastSequence);
    const sequence = Math.max(this.#from, Math.min(mark.sequence, known));
    this.#held.pause({ epoch, sequence }, late);
    return sequence;
  }

  catchUp(most: PieceLimits, took: (step: CatchUpStep) => void): void {
    this.#held.catchUp(most, took);
  }

  strained(): void {}

  deliver(frames: readonly Frame[]): void {
    if (this.#order === undefined) {
      this.#reader.live(frames);
    } else {
      this.#order.deliver(this, frames);
      this.#reader.weigh(this.#order, frames);
    }
  }

  reset(reason: ResetReason, position: Position): void {
    this.#from = position.sequence;
    this.#order?.reset(this, position, this.#notice(reason));
  }

  catchingUp(active: boolean): void {
    this.#order?.catchingUp(this, active);
  }

  lost(error: BrokerError): void {
    this.#reader.fail(error);
  }

  #seated(seated: Seated, cursor: Cursor | undefined): void {
    switch (seated.kind) {
      case "failed":
        this.#reader.fail(seated.error);
        return;
      case "reset": {
        const { reason, position } = seated;
        this.#from = position.sequence;
        // Until it is told, the client stands where it stood, if that place is one.
        const place = cursor?.get(position.epoch) ?? 0;
        const since = place > position.sequence ? 0 : place;
        this.#order?.joined(this, position.epoch, [this.#notice(reason)], { since });
        break;
      }
      case "joined":
        if (seated.position !== undefined) {
          const { epoch, sequence } = seated.position;
          const { frames, source } = seated;
          const since = cursor?.get(epoch) ?? 0;
          this.#from = cursor === undefined ? sequence : since;
          this.#order?.joined(this, epoch, frames, { since, ahead: source === "stream" });
        }
        break;
    }
    this.#reader.stands();
  }

  #notice(reason: ResetReason): ResetNotice {
    return { reset: { channel: this.#held.name, reason }, sequence: 0 };
  }
}
