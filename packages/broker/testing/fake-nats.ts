import type { NatsConnection, Server, Status } from "@nats-io/transport-node";
import type { Deferred } from "../src/deferred.ts";
import { deferred } from "../src/deferred.ts";

/** As much of a nats.js connection as the state machine and the round trips use, with every event in the test's hands. */
export class FakeNats {
  readonly flushes: Deferred<void>[] = [];
  /** Subscribed now. */
  readonly subjects: string[] = [];
  servers = 1;
  forcedReconnects = 0;
  closeCalls = 0;
  readonly #closed = deferred<undefined | Error>();
  readonly #queue: Status[] = [];
  #wake = deferred();

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
      this.#wake = deferred();
    }
  }

  flush(): Promise<void> {
    const flush = deferred();
    this.flushes.push(flush);
    return flush.promise;
  }

  subscribe(subject: string): { unsubscribe(): void } {
    this.subjects.push(subject);
    return { unsubscribe: () => void this.subjects.splice(this.subjects.indexOf(subject), 1) };
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
