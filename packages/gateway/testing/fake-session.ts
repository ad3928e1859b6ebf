import type { Identity } from "@tidegate/auth";
import type { PublisherIdentity } from "@tidegate/broker";
import type { ServerMessage } from "@tidegate/protocol";
import { Subscriptions } from "../src/connection/subscriptions.ts";
import type { Format, Frame } from "../src/fan-out/format.ts";
import type { Session } from "../src/handlers/session.ts";
import type { Principal } from "../src/namespace-policies.ts";
import type { NodeContext } from "../src/node-context.ts";
import { identity } from "./fake-node.ts";

/** What handlers see of a connection, without one. */
export class FakeSession implements Session {
  readonly id = "n1-boot-1";
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly context: NodeContext;
  format: Format = "json";
  principal: Principal = identity();
  requestsInFlight = 0;
  isLeaving = false;
  readonly notices: ServerMessage[] = [];
  readonly delivered: Frame[] = [];
  readonly #abort = new AbortController();

  constructor(context: NodeContext) {
    this.context = context;
  }

  get publisher(): PublisherIdentity {
    return { user: this.principal?.user, connection: this.id, claims: this.principal?.claims };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isClosed(): boolean {
    return this.signal.aborted;
  }

  close(): void {
    this.subscriptions.clear();
    this.#abort.abort();
  }

  renew(renewed: Identity): void {
    this.principal = renewed;
  }

  notify(message: ServerMessage): void {
    this.notices.push(message);
  }

  deliver(frames: readonly Frame[]): void {
    this.delivered.push(...frames);
  }
}
