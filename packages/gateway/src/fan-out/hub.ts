import type { BrokerError, StoredMessage, TailListener } from "@tidegate/broker";
import { channelProblem, isPattern } from "@tidegate/protocol";
import type { GatewayBroker } from "../gateway-broker.ts";
import type { Occupancy } from "../lifecycle/occupancy.ts";
import { isInternalChannel, type NamespacePolicies } from "../namespace-policies.ts";
import type { Traffic } from "../traffic.ts";
import { ChannelEntry, type ReplayOptions } from "./channel-entry.ts";
import { LiveSource } from "./channel-source.ts";
import type { FlushBudget } from "./flush-budget.ts";
import { FlushLanes } from "./flush-lanes.ts";
import { HeldChannel } from "./held-channel.ts";
import { ReplayFrames } from "./replay-frames.ts";

/** Frames of replayed messages that are kept for others who ask for the same ones, in bytes. */
const REPLAY_FRAMES_BYTES = 8 * 1024 * 1024;

export interface HubOptions extends ReplayOptions {
  readonly broker: Pick<GatewayBroker, "subscribe" | "follow">;
  readonly policies: Pick<NamespacePolicies, "deliveryOf">;
  readonly traffic: Traffic;
  readonly budget: FlushBudget;
  /** In ms, monotonic. */
  readonly uptime: () => number;
  /** Unix time in ms. */
  readonly now: () => number;
  /** The broker gave a channel up. Those who sat there are told by their seats. */
  readonly onLost: (name: string, error: BrokerError) => void;
  /** `undefined` where nobody is told. */
  readonly occupancy: Pick<Occupancy, "entered" | "left"> | undefined;
}

/**
 * The channels of this node and who holds them. Messages of one turn of the event loop are flushed together after
 * it: a connection then pays one write for all of them. What takes longer than the budget goes on in the next turn.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #replays = new ReplayFrames(REPLAY_FRAMES_BYTES);
  readonly #entries = new Map<string, ChannelEntry>();
  /** Those that hold something for the end of this turn, or whose walk is under way. */
  #queue: ChannelEntry[] = [];
  /** Those that are to be flushed later. */
  readonly #lanes: FlushLanes;
  #holders = 0;
  #scheduled = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#lanes = new FlushLanes(options.uptime, (entries) => {
      this.#queue.push(...entries);
      this.#schedule();
    });
  }

  /** How often they are held: the subscriptions of all connections, whatever their transport. */
  get holders(): number {
    return this.#holders;
  }

  /** Channels and patterns held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Holds a well-formed channel or pattern until {@link HeldChannel.release}. */
  hold(name: string): HeldChannel {
    const entry = this.#entries.get(name) ?? this.#open(name);
    entry.holders += 1;
    this.#holders += 1;
    return new HeldChannel(entry, this.#onReleased);
  }

  /** Delivers everything that is held back, at once. */
  flush(): void {
    const queue = [...this.#queue, ...this.#lanes.takeAll()];
    this.#queue = [];
    for (const entry of queue) {
      entry.isQueued = false;
      entry.channel.flush();
    }
  }

  /**
   * @internal One turn of flushing: channel after channel, as far as the budget goes. A channel that is not through goes on behind
   * the others, so that many subscribers of one never hold up all.
   */
  advance(): void {
    const { budget } = this.#options;
    this.#scheduled = false;
    budget.start();
    const queue = this.#queue;
    this.#queue = [];
    for (let index = 0; index < queue.length; index += 1) {
      const entry = queue[index];
      if (entry === undefined || !entry.isQueued) {
        continue;
      }
      if (!entry.channel.walk(budget)) {
        this.#queue = [...queue.slice(index + 1), ...this.#queue, entry];
        this.#schedule();
        return;
      }
      entry.isQueued = false;
      if (entry.channel.isHolding) {
        this.#enqueue(entry);
      }
    }
  }

  #open(name: string): ChannelEntry {
    const { broker, policies } = this.#options;
    const policy = policies.deliveryOf(name);
    const entry = new ChannelEntry(name, policy, this.#replays, this.#options);
    this.#entries.set(name, entry);
    this.#options.occupancy?.entered(name);
    if (policy.replayable) {
      const ended = (error: BrokerError): void => this.#onEnded(entry, error);
      const follow = broker.follow(name, this.#tailListener(entry, isPattern(name), ended));
      entry.begin(follow);
      follow.ready.catch((error: BrokerError) => this.#onRefused(entry, error));
    } else {
      this.#beginLive(entry, isPattern(name));
    }
    return entry;
  }

  #beginLive(entry: ChannelEntry, pattern: boolean): void {
    const subscription = this.#options.broker.subscribe(
      entry.channel.name,
      (message) => {
        if (pattern && this.#ignores(message.channel)) {
          return;
        }
        const { traffic, now } = this.#options;
        traffic.messagesConflated += entry.channel.hold(message, now(), undefined) ? 1 : 0;
        this.#enqueue(entry);
      },
      (error) => this.#onEnded(entry, error),
    );
    entry.begin(new LiveSource(subscription));
    subscription.onSettled((error) => {
      if (error !== undefined) {
        this.#onRefused(entry, error);
      }
    });
  }

  /** Whoever waits is told by its join; whoever comes then must get a new source. */
  #onRefused(entry: ChannelEntry, error: BrokerError): void {
    this.#forget(entry);
    entry.fail(error);
  }

  #tailListener(entry: ChannelEntry, pattern: boolean, closed: (error: BrokerError) => void): TailListener {
    return {
      message: (message: StoredMessage) => {
        const { epoch } = entry;
        // Without an epoch nobody sits here, and who comes gets it replayed.
        if (epoch === undefined || (pattern && this.#ignores(message.channel))) {
          return;
        }
        entry.brought(message.sequence);
        entry.channel.hold(message, message.time, { epoch, sequence: message.sequence });
        this.#enqueue(entry);
      },
      reset: (reason, position) => entry.reset(reason, position),
      catchingUp: (active) => entry.catchingUp(active),
      closed,
    };
  }

  /**
   * A pattern of NATS also catches subjects that are no channels. No client could name them, and a quote in one would
   * break the frame, whose channel is not escaped.
   */
  #ignores(channel: string): boolean {
    if (isInternalChannel(channel)) {
      return true;
    }
    if (channelProblem(channel) === undefined) {
      return false;
    }
    this.#options.traffic.messagesIgnored += 1;
    return true;
  }

  #onEnded(entry: ChannelEntry, error: BrokerError): void {
    // Forgotten first: whoever subscribes again must get a new source.
    this.#forget(entry);
    this.#options.onLost(entry.channel.name, error);
    entry.fail(error);
  }

  readonly #onReleased = (entry: ChannelEntry): void => {
    entry.holders -= 1;
    this.#holders -= 1;
    if (entry.holders === 0) {
      this.#forget(entry);
      entry.close();
    }
  };

  #forget(entry: ChannelEntry): void {
    if (this.#entries.get(entry.channel.name) === entry) {
      this.#entries.delete(entry.channel.name);
      this.#options.occupancy?.left(entry.channel.name);
    }
  }

  #enqueue(entry: ChannelEntry): void {
    if (!entry.isQueued) {
      entry.isQueued = true;
      const { flushIntervalMs } = entry.policy;
      if (flushIntervalMs > 0) {
        this.#lanes.add(entry, flushIntervalMs);
        return;
      }
      this.#queue.push(entry);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.advance());
    }
  }
}
