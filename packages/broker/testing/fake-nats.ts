import type { Msg, MsgCallback, NatsConnection, Server, Status } from "@nats-io/transport-node";
import { PermissionViolationError } from "@nats-io/transport-node";

interface FakeSubscription {
  readonly subject: string;
  readonly callback: MsgCallback<Msg>;
}

/** As much of a nats.js connection as the state machine and the round trips use, with every event in the test's hands. */
export class FakeNats {
  readonly flushes: PromiseWithResolvers<void>[] = [];
  readonly #subscriptions = new Set<FakeSubscription>();
  servers = 1;
  forcedReconnects = 0;
  closeCalls = 0;
  readonly #closed = Promise.withResolvers<undefined | Error>();
  readonly #queue: Status[] = [];
  #wake = Promise.withResolvers<void>();

  /** This, as the type the code under test asks for. */
  get connection(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  /** Resolves when everything that reacts to the status has run. */
  async emit(...statuses: readonly Status[]): Promise<void> {
    this.#queue.push(...statuses);
    this.#wake.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async *status(): AsyncGenerator<Status> {
    for (;;) {
      for (const status of this.#queue.splice(0)) yield status;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }

  flush(): Promise<void> {
    const flush = Promise.withResolvers<void>();
    this.flushes.push(flush);
    return flush.promise;
  }

  subscribe(subject: string, { callback }: { readonly callback: MsgCallback<Msg> }): { unsubscribe(): void } {
    const subscription = { subject, callback };
    this.#subscriptions.add(subscription);
    return { unsubscribe: () => void this.#subscriptions.delete(subscription) };
  }

  /** Subscribed now. */
  get subjects(): readonly string[] {
    return [...this.#subscriptions].map(({ subject }) => subject);
  }

  /** Lets the server deny a subscription, as nats.js does it: the callback is told, and the subscription is gone. */
  deny(subject: string): void {
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.subject !== subject) continue;
      this.#subscriptions.delete(subscription);
      const reason = new PermissionViolationError("Permissions Violation", "subscription", subject);
      void subscription.callback(reason, {} as Msg);
    }
  }

  getServers(): readonly Server[] {
    return new Array<Server>(this.servers);
  }

  async reconnect(): Promise<void> {
    this.forcedReconnects += 1;
  }

  closed(): Promise<undefined | Error> {
    return this.#closed.promise;
  }

  async close(reason?: Error): Promise<void> {
    this.closeCalls += 1;
    this.#closed.resolve(reason);
  }
}
