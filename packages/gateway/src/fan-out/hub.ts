import type { Broker, BrokerError, LiveMessage, Subscription } from "@tidegate/broker";
import { channelProblem, isPattern } from "@tidegate/protocol";
import type { Traffic } from "../traffic.ts";
import { ChannelFanOut } from "./channel-fan-out.ts";

interface Entry {
  readonly channel: ChannelFanOut;
  readonly isPattern: boolean;
  readonly subscription: Subscription;
  /** Connections that hold the channel, also those whose subscription does not stand yet. */
  holders: number;
  dirty: boolean;
}

/** What a connection gets for holding a channel. */
export interface HeldChannel {
  readonly channel: ChannelFanOut;
  /** Settles when the broker delivers this channel, or rejects with its BrokerError. */
  readonly ready: Promise<void>;
  /** Must be called exactly once. */
  release(): void;
}

/**
 * The channels of this node and who holds them. Messages of one turn of the event loop are flushed together after
 * it: a connection then pays one write for all of them (design, section 5).
 */
export class Hub {
  readonly #broker: Pick<Broker, "subscribe">;
  readonly #now: () => number;
  readonly #traffic: Traffic;
  readonly #onLost: (channel: ChannelFanOut, error: BrokerError) => void;
  readonly #entries = new Map<string, Entry>();
  #dirty: Entry[] = [];
  #scheduled = false;

  /** @param onLost the broker gave a channel up, and everybody in it must be told. */
  constructor(
    broker: Pick<Broker, "subscribe">,
    now: () => number,
    traffic: Traffic,
    onLost: (channel: ChannelFanOut, error: BrokerError) => void,
  ) {
    this.#broker = broker;
    this.#now = now;
    this.#traffic = traffic;
    this.#onLost = onLost;
  }

  /** Channels and patterns held now. */
  get size(): number {
    return this.#entries.size;
  }

  hold(name: string): HeldChannel {
    const entry = this.#entries.get(name) ?? this.#open(name);
    entry.holders += 1;
    return {
      channel: entry.channel,
      ready: entry.subscription.ready,
      release: () => this.#release(entry),
    };
  }

  #open(name: string): Entry {
    const channel = new ChannelFanOut(name);
    const subscription = this.#broker.subscribe(
      name,
      (message) => this.#receive(entry, message),
      (error) => {
        // Forgotten first: whoever subscribes again must get a new subscription.
        this.#forget(entry);
        this.#onLost(channel, error);
      },
    );
    // Every holder sees the rejection too; without this, one that left before would leave it unhandled.
    subscription.ready.catch(() => this.#forget(entry));
    const entry: Entry = { channel, isPattern: isPattern(name), subscription, holders: 0, dirty: false };
    this.#entries.set(name, entry);
    return entry;
  }

  #receive(entry: Entry, message: LiveMessage): void {
    // A pattern of NATS also catches subjects that are no channels. No client could name them, and a quote in one would
    // break the frame, whose channel is not escaped.
    if (entry.isPattern && channelProblem(message.channel) !== undefined) {
      this.#traffic.messagesIgnored += 1;
      return;
    }
    entry.channel.hold(message, this.#now());
    this.#markDirty(entry);
  }

  #release(entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders === 0) {
      this.#forget(entry);
      entry.subscription.close();
    }
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.channel.name) === entry) {
      this.#entries.delete(entry.channel.name);
    }
  }

  #markDirty(entry: Entry): void {
    if (entry.dirty) {
      return;
    }
    entry.dirty = true;
    this.#dirty.push(entry);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Delivers what was held back for this turn. */
  flush(): void {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const entry of dirty) {
      entry.dirty = false;
      entry.channel.flush();
    }
  }
}
