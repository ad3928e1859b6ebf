import type { Msg, NatsConnection, Subscription as NatsSubscription } from "@nats-io/transport-node";
import { isPattern } from "@tidegate/protocol";
import type { BrokerError } from "./broker-error.ts";
import type { Faults } from "./faults.ts";
import type { HeaderReader } from "./header-reader.ts";
import type { LiveMessage } from "./live-message.ts";
import { liveMessage } from "./live-message.ts";
import type { LiveSubscription, Registration } from "./registration.ts";

/** One who wants the messages of a live channel, and the subscription that it has in hand: one object for both. */
export class LiveSubscriber implements LiveSubscription {
  readonly listener: (message: LiveMessage) => void;
  readonly registration: Registration;
  /** `undefined`: there was no connection to subscribe on. */
  channel: LiveChannel | undefined;
  readonly #left: (subscriber: LiveSubscriber) => void;

  /** @param left called when its owner closes it. */
  constructor(
    listener: (message: LiveMessage) => void,
    registration: Registration,
    left: (subscriber: LiveSubscriber) => void,
  ) {
    this.listener = listener;
    this.registration = registration;
    this.#left = left;
  }

  get ready(): Promise<void> {
    return this.registration.ready;
  }

  get isReady(): boolean {
    return this.registration.confirmed;
  }

  onSettled(listener: (error: BrokerError | undefined) => void): void {
    this.registration.onSettled(listener);
  }

  close(): void {
    if (this.registration.close()) this.#left(this);
  }
}

const NO_SUBSCRIBERS: readonly LiveSubscriber[] = [];

/** One NATS subscription and everybody on this node who wants its messages. */
export class LiveChannel {
  /** Channel or pattern; key of this in the table. */
  readonly target: string;
  /** Connection under which the server last confirmed the subscription; 0 for never. */
  confirmedEpoch = 0;
  readonly #reader: HeaderReader;
  readonly #faults: Faults;
  readonly #prefixLength: number;
  readonly #isPattern: boolean;
  readonly #nats: NatsSubscription;
  /** Replaced, never changed: a listener may subscribe or close while it is being iterated. */
  #subscribers = NO_SUBSCRIBERS;

  /**
   * Writes the SUB.
   *
   * @param onRefused the server denies the subscription, now or after a change of permissions.
   */
  constructor(
    connection: NatsConnection,
    subjectPrefix: string,
    target: string,
    reader: HeaderReader,
    faults: Faults,
    onRefused: (channel: LiveChannel, reason: Error) => void,
  ) {
    this.target = target;
    this.#reader = reader;
    this.#faults = faults;
    this.#prefixLength = subjectPrefix.length + 1;
    this.#isPattern = isPattern(target);
    this.#nats = connection.subscribe(`${subjectPrefix}.${target}`, {
      callback: (error, message) => {
        try {
          if (error === null) this.#deliver(message);
          else onRefused(this, error);
        } catch (cause) {
          faults.callbackFailed("a live channel", cause);
        }
      },
    });
  }

  get idle(): boolean {
    return this.#subscribers.length === 0;
  }

  add(subscriber: LiveSubscriber): void {
    this.#subscribers = this.idle ? [subscriber] : [...this.#subscribers, subscriber];
  }

  remove(subscriber: LiveSubscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
  }

  /** Writes the UNSUB. */
  unsubscribe(): void {
    this.#nats.unsubscribe();
  }

  /** Ends every subscriber. */
  fail(error: BrokerError): void {
    const subscribers = this.#subscribers;
    this.#subscribers = NO_SUBSCRIBERS;
    for (const subscriber of subscribers) subscriber.registration.fail(error);
  }

  #deliver(message: Msg): void {
    const subscribers = this.#subscribers;
    if (subscribers.length === 0) return;
    // A literal channel is known; only a pattern pays for decoding the subject of each message.
    const channel = this.#isPattern ? message.subject.slice(this.#prefixLength) : this.target;
    const live = liveMessage(channel, message, this.#reader);
    for (let index = 0; index < subscribers.length; index++) {
      const subscriber = subscribers[index];
      if (subscriber === undefined || !subscriber.registration.open) continue;
      try {
        subscriber.listener(live);
      } catch (cause) {
        this.#faults.callbackFailed("a live listener", cause);
      }
    }
  }
}
