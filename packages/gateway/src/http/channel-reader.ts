import type { BrokerError, JoinFrom } from "@tidegate/broker";
import { type Cursor, encodeCursor, namespaceOf, type Position, type ResetReason } from "@tidegate/protocol";
import { EndOfTurn } from "../end-of-turn.ts";
import type { Seat } from "../fan-out/audience.ts";
import type { Seated } from "../fan-out/channel-entry.ts";
import type { Format, Frame } from "../fan-out/format.ts";
import type { HeldChannel } from "../fan-out/held-channel.ts";
import type { Hub } from "../fan-out/hub.ts";
import { NamespaceOrder, type OrderedChannel } from "./namespace-order.ts";

/** Messages of a channel may be missing here. */
export interface ResetNotice {
  readonly reset: { readonly channel: string; readonly reason: ResetReason };
  readonly sequence: 0;
}

export type ReaderItem = Frame | ResetNotice;

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
   */
  ordered(namespace: string, items: readonly ReaderItem[], mark: number): void;
  /** Call {@link ChannelReader.flush} now and then while it settles. */
  settling(): void;
  /** The broker cannot give one of the channels, or gives it no longer; or too much came while another was being repaired. */
  failed(error: BrokerError | "overflow"): void;
}

interface Namespace {
  readonly name: string;
  readonly order: NamespaceOrder<ReaderItem>;
}

const NOW: JoinFrom = { kind: "now" };

/** Behind everything that the hub delivers in a turn. */
const FLUSHES = new EndOfTurn<ChannelReader>((reader) => reader.flush());

/** The channels of an event stream or of a poll, read by one cursor for all of them. */
export class ChannelReader {
  readonly #owner: ReaderOwner;
  readonly #heldLimitBytes: number;
  readonly #seats: ReaderSeat[] = [];
  readonly #namespaces = new Map<string, Namespace>();
  #standing = 0;
  #heldBytes = 0;
  #flushDue = false;
  #isOver = false;

  /** @param heldLimitBytes how much may come while a channel is being repaired. */
  constructor(owner: ReaderOwner, heldLimitBytes: number) {
    this.#owner = owner;
    this.#heldLimitBytes = heldLimitBytes;
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
  weigh(order: NamespaceOrder<ReaderItem>, frames: readonly Frame[]): void {
    if (order.isSteady) {
      this.#heldBytes = 0;
      return;
    }
    for (const { bytes } of frames) {
      this.#heldBytes += bytes.byteLength;
    }
    if (this.#heldBytes > this.#heldLimitBytes) {
      this.fail("overflow");
    }
  }

  /** @internal For the seats. */
  fail(error: BrokerError | "overflow"): void {
    if (!this.#isOver) {
      this.#owner.failed(error);
    }
  }

  #namespace(name: string): Namespace {
    const known = this.#namespaces.get(name);
    if (known !== undefined) {
      return known;
    }
    const order = new NamespaceOrder<ReaderItem>({
      release: (items, mark) => {
        if (!this.#isOver) {
          this.#owner.ordered(name, items, mark);
        }
      },
      flushLater: () => this.#flushLater(),
      settling: () => this.#owner.settling(),
    });
    const namespace = { name, order };
    this.#namespaces.set(name, namespace);
    return namespace;
  }

  #flushLater(): void {
    if (!this.#flushDue) {
      this.#flushDue = true;
      FLUSHES.add(this);
    }
  }

  #encode(place: (order: NamespaceOrder<ReaderItem>) => Position | undefined): string | undefined {
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
class ReaderSeat implements Seat, OrderedChannel {
  index = -1;
  due = 0;
  readonly format: Format;
  readonly #reader: ChannelReader;
  readonly #held: HeldChannel;
  readonly #order: NamespaceOrder<ReaderItem> | undefined;

  constructor(
    reader: ChannelReader,
    held: HeldChannel,
    format: Format,
    order: NamespaceOrder<ReaderItem> | undefined,
  ) {
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

  deliver(frames: readonly Frame[]): void {
    if (this.#order === undefined) {
      this.#reader.live(frames);
    } else {
      this.#order.deliver(this, frames);
      this.#reader.weigh(this.#order, frames);
    }
  }

  reset(reason: ResetReason, position: Position): void {
    this.#order?.reset(this, position.epoch, this.#notice(reason));
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
        this.#order?.joined(this, position.epoch, [this.#notice(reason)]);
        break;
      }
      case "joined":
        if (seated.position !== undefined) {
          const { epoch } = seated.position;
          const { frames, source } = seated;
          const since = cursor?.get(epoch) ?? 0;
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
