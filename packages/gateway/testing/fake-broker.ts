import {
  BrokerError,
  type BrokerErrorCode,
  type BrokerState,
  type BrokerStats,
  type HistoryPage,
  type LiveMessage,
  type LiveSubscription,
  type PageRequest,
  type PublishOptions,
  type PublishOutcome,
  type RequestOptions,
  type RequestOutcome,
  type StoreOptions,
  type StoreOutcome,
  type TailListener,
} from "@tidegate/broker";
import type { GatewayBroker } from "../src/gateway-broker.ts";
import { EPOCH, FakeFollow } from "./fake-follow.ts";

/** One subscription of the fake broker, as the test sees it. */
export interface FakeSubscription {
  readonly target: string;
  closes: number;
  confirm(): void;
  refuse(code: BrokerErrorCode): void;
  /** Ends a confirmed subscription that nobody closed. */
  lose(code: BrokerErrorCode): void;
  message(payload: string, extra?: Partial<LiveMessage>): void;
}

export interface FakeRequest {
  readonly method: string;
  readonly payload: Buffer;
  readonly options: RequestOptions;
  answer(outcome: RequestOutcome): void;
}

export interface FakeStore {
  readonly channel: string;
  readonly payload: Buffer;
  readonly options: StoreOptions;
  answer(outcome: StoreOutcome): void;
}

export interface FakePageRead {
  readonly channel: string;
  readonly request: PageRequest;
  answer(page: HistoryPage): void;
}

/** Whether a subscription stands. Settles once. */
class FakeRegistration {
  readonly #listeners: ((error: BrokerError | undefined) => void)[] = [];
  #outcome: { readonly error: BrokerError | undefined } | undefined;

  get ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onSettled((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  get isReady(): boolean {
    return this.#outcome !== undefined && this.#outcome.error === undefined;
  }

  onSettled(listener: (error: BrokerError | undefined) => void): void {
    if (this.#outcome === undefined) {
      this.#listeners.push(listener);
    } else {
      listener(this.#outcome.error);
    }
  }

  settle(error: BrokerError | undefined): void {
    if (this.#outcome === undefined) {
      this.#outcome = { error };
      for (const listener of this.#listeners) {
        listener(error);
      }
    }
  }
}

/** A broker without NATS: the test decides when subscriptions stand, what arrives and what requests come to. */
export class FakeBroker implements GatewayBroker {
  state: BrokerState = "connected";
  maxPayload = 1_048_576;
  readonly subscriptions: FakeSubscription[] = [];
  readonly announced: { readonly event: string; readonly payload: unknown }[] = [];
  readonly published: {
    readonly channel: string;
    readonly payload: Buffer;
    readonly options: PublishOptions;
  }[] = [];
  readonly requests: FakeRequest[] = [];
  publishOutcome: PublishOutcome = "sent";
  readonly interruptionListeners = new Set<() => void>();
  readonly stats: BrokerStats = {
    reconnects: 0,
    disconnects: 0,
    staleConnections: 0,
    slowConsumers: 0,
    serverErrors: 0,
    callbackErrors: 0,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    sendsRefused: 0,
    pendingBytes: 0,
    pendingRequests: 0,
    liveSubscriptions: 0,
    lingeringSubscriptions: 0,
    tails: {
      tails: 0,
      lingeringTails: 0,
      ringBytes: 0,
      gaps: 0,
      repairs: 0,
      duplicates: 0,
      tailResets: { expired: 0, epoch: 0, future: 0, too_far: 0, unavailable: 0, overflow: 0 },
      joinsFromRing: 0,
      joinsFromStream: 0,
      streamReads: 0,
      missedTicks: 0,
    },
  };
  readonly follows: FakeFollow[] = [];
  readonly stores: FakeStore[] = [];
  readonly pageReads: FakePageRead[] = [];
  /** Of all namespaces; `undefined`: it cannot be found out. */
  epoch: string | undefined = EPOCH;
  /** Confirm at once, as the real one does for what it has already. */
  confirms = true;

  readonly subscribe = (
    target: string,
    listener: (message: LiveMessage) => void,
    onClosed: (error: BrokerError) => void,
  ): LiveSubscription => {
    const registration = new FakeRegistration();
    const subscription: FakeSubscription = {
      target,
      closes: 0,
      confirm: () => registration.settle(undefined),
      refuse: (code) => registration.settle(new BrokerError(code, "refused by the test")),
      lose: (code) => onClosed(new BrokerError(code, "lost by the test")),
      message: (payload, extra = {}) =>
        listener({
          channel: target,
          payload: Buffer.from(payload),
          event: undefined,
          publisher: undefined,
          ...extra,
        }),
    };
    this.subscriptions.push(subscription);
    if (this.confirms) {
      subscription.confirm();
    }
    return {
      get ready() {
        return registration.ready;
      },
      get isReady() {
        return registration.isReady;
      },
      onSettled: (settled) => registration.onSettled(settled),
      close: () => {
        subscription.closes += 1;
        registration.settle(new BrokerError("closed", "closed before it was confirmed"));
      },
    };
  };

  readonly announce = (event: string, payload: Uint8Array): PublishOutcome => {
    this.announced.push({ event, payload: JSON.parse(Buffer.from(payload).toString()) });
    return this.publishOutcome;
  };

  readonly publish = (channel: string, payload: Uint8Array, options: PublishOptions): PublishOutcome => {
    this.published.push({ channel, payload: Buffer.from(payload), options });
    return this.publishOutcome;
  };

  readonly request = (
    method: string,
    payload: Uint8Array,
    options: RequestOptions,
  ): Promise<RequestOutcome> => {
    const { promise, resolve } = Promise.withResolvers<RequestOutcome>();
    this.requests.push({ method, payload: Buffer.from(payload), options, answer: resolve });
    options.signal?.addEventListener("abort", () => resolve({ kind: "aborted" }));
    return promise;
  };

  readonly follow = (target: string, listener: TailListener): FakeFollow => {
    const follow = new FakeFollow(target, listener);
    this.follows.push(follow);
    return follow;
  };

  readonly store = (channel: string, payload: Uint8Array, options: StoreOptions): Promise<StoreOutcome> => {
    const { promise, resolve } = Promise.withResolvers<StoreOutcome>();
    this.stores.push({ channel, payload: Buffer.from(payload), options, answer: resolve });
    return promise;
  };

  readonly epochOf = async (): Promise<string> => {
    if (this.epoch === undefined) {
      throw new BrokerError("unavailable", "refused by the test");
    }
    return this.epoch;
  };

  readonly history = (channel: string, request: PageRequest): Promise<HistoryPage> => {
    const { promise, resolve } = Promise.withResolvers<HistoryPage>();
    this.pageReads.push({ channel, request, answer: resolve });
    return promise;
  };

  readonly onInterruption = (listener: () => void): (() => void) => {
    this.interruptionListeners.add(listener);
    return () => this.interruptionListeners.delete(listener);
  };

  interrupt(): void {
    for (const listener of this.interruptionListeners) {
      listener();
    }
  }

  /** The last subscription made, which a test that asks for it knows to be there. */
  get last(): FakeSubscription {
    const last = this.subscriptions.at(-1);
    if (last === undefined) {
      throw new TypeError("nothing was subscribed to");
    }
    return last;
  }

  /** The last tail followed, likewise. */
  get lastFollow(): FakeFollow {
    const last = this.follows.at(-1);
    if (last === undefined) {
      throw new TypeError("nothing was followed");
    }
    return last;
  }
}
