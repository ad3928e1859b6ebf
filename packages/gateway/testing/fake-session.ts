import type { Identity } from "@tidegate/auth";
import type { BrokerError, PublisherIdentity } from "@tidegate/broker";
import { encodePosition, type Position, type ResetReason, type ServerMessage } from "@tidegate/protocol";
import { ReplayGate } from "../src/connection/replay-gate.ts";
import { type Deliveries, type Subscription, Subscriptions } from "../src/connection/subscriptions.ts";
import type { Format, Frame } from "../src/fan-out/format.ts";
import type { Session } from "../src/handlers/session.ts";
import type { Principal } from "../src/namespace-policies.ts";
import type { NodeContext } from "../src/node-context.ts";
import { identity } from "./fake-node.ts";

/** What handlers see of a connection, without one. */
export class FakeSession implements Session {
  readonly id = "n1-boot-1";
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly replays: ReplayGate = new ReplayGate(() => true);
  readonly context: NodeContext;
  format: Format = "json";
  principal: Principal = identity();
  requestsInFlight = 0;
  isLeaving = false;
  readonly notices: ServerMessage[] = [];
  readonly delivered: Frame[] = [];
  readonly deliveries: Deliveries = {
    deliver: (_subscription, frames) => this.delivered.push(...frames),
    replay: (frames) => this.delivered.push(...frames),
    line: undefined,
    strained: () => {},
  };
  readonly lost: { readonly name: string; readonly error: BrokerError }[] = [];
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
    this.#abort.abort();
    this.subscriptions.clear();
  }

  renew(renewed: Identity): void {
    this.principal = renewed;
  }

  notify(message: ServerMessage): void {
    // As the client reads it: without fields that are undefined.
    this.notices.push(JSON.parse(JSON.stringify(message)));
  }

  replay(_subscription: Subscription, frames: readonly Frame[]): void {
    this.delivered.push(...frames);
  }

  reset({ name }: Subscription, reason: ResetReason, position: Position): void {
    this.notices.push({ type: "reset", channel: name, cursor: encodePosition(position), reason });
  }

  lose(subscription: Subscription, error: BrokerError): void {
    this.subscriptions.removeOne(subscription);
    this.lost.push({ name: subscription.name, error });
  }
}
