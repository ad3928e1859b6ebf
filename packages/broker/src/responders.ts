import type { Msg, Subscription as NatsSubscription } from "@nats-io/transport-node";
import { BrokerError } from "./broker-error.ts";
import type { InboundMessage, ServiceCall } from "./client-message.ts";
import { inboundMessage, serviceCall } from "./client-message.ts";
import type { Confirmations } from "./confirmations.ts";
import type { Faults } from "./faults.ts";
import type { HeaderReader } from "./header-reader.ts";
import type { Link } from "./link.ts";
import type { OutgoingHeaders } from "./message-headers.ts";
import { serviceErrorHeaders } from "./message-headers.ts";
import type { Outbound } from "./outbound.ts";
import type { Subscription } from "./registration.ts";
import { Registration } from "./registration.ts";
import { ServiceError } from "./service-error.ts";

/** Answers one request. A thrown {@link ServiceError} is passed on, anything else becomes status 500. */
export type CallHandler = (call: ServiceCall) => Promise<Uint8Array> | Uint8Array;

export interface RespondersParts {
  readonly link: Link;
  readonly confirmations: Confirmations;
  readonly outbound: Outbound;
  readonly reader: HeaderReader;
  readonly faults: Faults;
}

interface Responder {
  readonly nats: NatsSubscription;
  readonly registration: Registration;
}

const EMPTY = new Uint8Array(0);
const INTERNAL_ERROR_STATUS = "500";

/** The backend's side: queue subscriptions, of which each message reaches one member of the group. */
export class Responders {
  readonly #parts: RespondersParts;
  readonly #responders = new Set<Responder>();
  /** Handlers at work; draining waits for them, because their answers still need the connection. */
  readonly #working = new Set<Promise<void>>();

  constructor(parts: RespondersParts) {
    this.#parts = parts;
    parts.link.onState((state) => {
      if (state === "closed") this.#failAll(parts.link.refusal());
    });
  }

  /** Answers requests whose subject, after `subjectPrefix` and a dot, matches `pattern`. */
  respond(subjectPrefix: string, pattern: string, queueGroup: string, handler: CallHandler): Subscription {
    return this.#open(`${subjectPrefix}.${pattern}`, queueGroup, (message) => {
      const call = serviceCall(message.subject.slice(subjectPrefix.length + 1), message, this.#parts.reader);
      return this.#answer(call, message.reply, handler);
    });
  }

  onInbound(
    subjectPrefix: string,
    pattern: string,
    queueGroup: string,
    listener: (message: InboundMessage) => Promise<void> | void,
  ): Subscription {
    return this.#open(`${subjectPrefix}.${pattern}`, queueGroup, async (message) => {
      const channel = message.subject.slice(subjectPrefix.length + 1);
      await listener(inboundMessage(channel, message, this.#parts.reader));
    });
  }

  /** Takes no more messages and waits until all that were taken are done with. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#responders].map((responder) => responder.nats.drain()));
    await Promise.allSettled([...this.#working]);
  }

  #open(subject: string, queueGroup: string, handle: (message: Msg) => Promise<void>): Subscription {
    const { link, confirmations, faults } = this.#parts;
    // A later refusal is reported by the link, and there is nobody else to tell.
    const registration = new Registration(() => {}, faults);
    if (!link.open) {
      registration.fail(link.refusal());
      return { ready: registration.ready, close: () => {} };
    }
    const nats = link.nats.subscribe(subject, {
      queue: queueGroup,
      callback: (error, message) => {
        try {
          if (error === null) this.#track(subject, handle(message));
          else this.#fail(responder, new BrokerError("denied", error.message));
        } catch (cause) {
          faults.callbackFailed(`the handler of ${subject}`, cause);
        }
      },
    });
    const responder: Responder = { nats, registration };
    this.#responders.add(responder);
    confirmations.confirm().then(
      () => registration.confirm(),
      (reason: BrokerError) => {
        if (!registration.open) return;
        this.#fail(responder, reason);
        nats.unsubscribe();
      },
    );
    return {
      ready: registration.ready,
      close: () => {
        if (!registration.close()) return;
        this.#responders.delete(responder);
        nats.unsubscribe();
      },
    };
  }

  #track(subject: string, work: Promise<void>): void {
    const tracked = work
      .catch((cause: unknown) => this.#parts.faults.callbackFailed(`the handler of ${subject}`, cause))
      .finally(() => this.#working.delete(tracked));
    this.#working.add(tracked);
  }

  async #answer(call: ServiceCall, reply: string | undefined, handler: CallHandler): Promise<void> {
    let payload = EMPTY as Uint8Array;
    let headers: OutgoingHeaders | undefined;
    try {
      payload = await handler(call);
    } catch (cause) {
      headers = this.#errorHeaders(call.method, cause);
    }
    // Published, not requested: nobody waits for an answer.
    if (reply === undefined || reply === "") return;
    const { outbound, faults } = this.#parts;
    let outcome = outbound.send(reply, payload, headers, undefined);
    if (outcome === "too_large") {
      const explanation = serviceErrorHeaders(INTERNAL_ERROR_STATUS, "the reply exceeds the maximum payload");
      outcome = outbound.send(reply, EMPTY, explanation, undefined);
    }
    if (outcome !== "sent") {
      faults.report(new BrokerError("unavailable", `the reply of ${call.method} was not sent: ${outcome}`));
    }
  }

  #errorHeaders(method: string, cause: unknown): OutgoingHeaders {
    if (cause instanceof ServiceError) return serviceErrorHeaders(cause.status, cause.message);
    this.#parts.faults.callbackFailed(`the handler of ${method}`, cause);
    return serviceErrorHeaders(INTERNAL_ERROR_STATUS, "internal error");
  }

  #fail(responder: Responder, reason: BrokerError): void {
    this.#responders.delete(responder);
    responder.registration.fail(reason);
  }

  #failAll(reason: BrokerError): void {
    for (const responder of [...this.#responders]) this.#fail(responder, reason);
  }
}
