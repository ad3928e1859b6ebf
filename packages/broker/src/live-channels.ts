import { BrokerError } from "./broker-error.ts";
import type { Confirmations } from "./confirmations.ts";
import type { Faults } from "./faults.ts";
import type { HeaderReader } from "./header-reader.ts";
import { Linger } from "./linger.ts";
import type { Link } from "./link.ts";
import { LiveChannel, LiveSubscriber } from "./live-channel.ts";
import type { LiveMessage } from "./live-message.ts";
import type { LiveSubscription } from "./registration.ts";
import { Registration } from "./registration.ts";

export interface LiveChannelsParts {
  readonly link: Link;
  readonly confirmations: Confirmations;
  readonly reader: HeaderReader;
  readonly faults: Faults;
  readonly subjectPrefix: string;
  readonly lingerMs: number;
}

/**
 * The live channels this node listens to: one NATS subscription per channel or pattern however many subscribe to it, kept
 * a while after the last has left, because clients that come and go must not become SUBs and UNSUBs.
 */
export class LiveChannels {
  readonly #parts: LiveChannelsParts;
  readonly #channels = new Map<string, LiveChannel>();
  readonly #linger: Linger<LiveChannel>;
  readonly #interruptionListeners = new Set<() => void>();

  constructor(parts: LiveChannelsParts) {
    this.#parts = parts;
    this.#linger = new Linger(parts.lingerMs, (channel) => this.#drop(channel));
    parts.link.onState((state) => {
      if (state === "connected") this.#onReconnected();
      // What nobody wants now need not be subscribed again by a whole fleet at once.
      else this.#linger.expireAll();
      if (state === "closed") this.#onClosed();
    });
  }

  /** NATS subscriptions held, those that linger included. */
  get size(): number {
    return this.#channels.size;
  }

  get lingering(): number {
    return this.#linger.size;
  }

  subscribe(
    target: string,
    listener: (message: LiveMessage) => void,
    onClosed: (error: BrokerError) => void,
  ): LiveSubscription {
    const { link, faults } = this.#parts;
    const subscriber = new LiveSubscriber(listener, new Registration(onClosed, faults), this.#left);
    if (!link.open) {
      subscriber.registration.fail(link.refusal());
      return subscriber;
    }
    subscriber.channel = this.#join(target, subscriber);
    this.#confirm(subscriber.channel, subscriber);
    return subscriber;
  }

  /** @returns a function that takes the listener away again. */
  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  #join(target: string, subscriber: LiveSubscriber): LiveChannel {
    let channel = this.#channels.get(target);
    if (channel === undefined) {
      const { link, subjectPrefix, reader, faults } = this.#parts;
      channel = new LiveChannel(link.nats, subjectPrefix, target, reader, faults, this.#onRefused);
      this.#channels.set(target, channel);
    } else {
      this.#linger.remove(channel);
    }
    channel.add(subscriber);
    return channel;
  }

  #confirm(channel: LiveChannel, subscriber: LiveSubscriber): void {
    const { link, confirmations } = this.#parts;
    const { registration } = subscriber;
    const epoch = link.epoch;
    if (channel.confirmedEpoch === epoch) {
      registration.confirm();
      return;
    }
    confirmations.confirm().then(
      () => {
        channel.confirmedEpoch = epoch;
        registration.confirm();
      },
      (error: BrokerError) => {
        if (!registration.open) return;
        registration.fail(error);
        this.#leave(channel, subscriber);
      },
    );
  }

  readonly #onRefused = (refused: LiveChannel, reason: Error): void => {
    this.#forget(refused);
    refused.fail(new BrokerError("denied", reason.message));
  };

  readonly #left = (subscriber: LiveSubscriber): void => {
    if (subscriber.channel !== undefined) this.#leave(subscriber.channel, subscriber);
  };

  #leave(channel: LiveChannel, subscriber: LiveSubscriber): void {
    channel.remove(subscriber);
    // A refused channel is out of the table already, and another may have taken its place.
    if (!channel.idle || this.#channels.get(channel.target) !== channel) return;
    if (this.#parts.link.open) this.#linger.add(channel);
    else this.#drop(channel);
  }

  #drop(channel: LiveChannel): void {
    this.#forget(channel);
    channel.unsubscribe();
  }

  #forget(channel: LiveChannel): void {
    this.#linger.remove(channel);
    this.#channels.delete(channel.target);
  }

  /** nats.js has written all SUBs again; messages may have been missed until the server has handled them. */
  #onReconnected(): void {
    this.#parts.confirmations.confirm().then(
      () => {
        for (const listener of [...this.#interruptionListeners]) {
          this.#parts.faults.run("an interruption listener", listener);
        }
      },
      () => {
        // Disconnected again: the next reconnect tells.
      },
    );
  }

  #onClosed(): void {
    const error = this.#parts.link.refusal();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) channel.fail(error);
  }
}
