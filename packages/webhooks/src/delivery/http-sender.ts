import { TRACEPARENT } from "@tidegate/protocol";
import type { Tracing } from "@tidegate/runtime";
import type { Dispatcher } from "undici";
import { request } from "undici";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { signingSecrets } from "../endpoints/endpoint.ts";
import { HOPS_HEADER } from "../hops.ts";
import type { Clock } from "../queue/clock.ts";
import type { WebhookMessage } from "../queue/webhook-message.ts";
import { isDestinationError } from "../ssrf/destination-error.ts";
import type { UrlRules } from "../ssrf/url-policy.ts";
import { urlProblem } from "../ssrf/url-policy.ts";
import { beginAttempt, endAttempt } from "./attempt-span.ts";
import { deliveryBody } from "./delivery-body.ts";
import type { DeliveryResult } from "./delivery-result.ts";
import type { DeliverySigner } from "./delivery-signer.ts";
import { readSome } from "./read-some.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface HttpSenderOptions {
  /** Guards what is connected to: see `guardedAgent`. */
  readonly agent: Dispatcher;
  readonly urls: UrlRules;
  readonly signer: DeliverySigner;
  /** For everything from DNS to the end of the answer. */
  readonly timeoutMs: number;
  /** Of the answer's body, kept for the log. */
  readonly responseBytes: number;
  /** `undefined`: no spans. */
  readonly tracing?: Tracing | undefined;
  readonly now: Clock;
}

const USER_AGENT = "Tidegate-Webhooks/1";

/** Makes one attempt. */
export class HttpSender {
  readonly #options: HttpSenderOptions;

  constructor(options: HttpSenderOptions) {
    this.#options = options;
  }

  /** Never rejects: whatever happens is the result of the attempt. */
  async send(endpoint: Endpoint, message: WebhookMessage, attempt: number): Promise<DeliveryResult> {
    const { tracing } = this.#options;
    if (tracing === undefined)
      return await this.#send(endpoint, message, attempt, message.trace?.traceparent);
    const span = beginAttempt(tracing, endpoint, message, attempt);
    const result = await this.#send(endpoint, message, attempt, span.link?.traceparent);
    endAttempt(span, result);
    return result;
  }

  async #send(
    endpoint: Endpoint,
    message: WebhookMessage,
    attempt: number,
    traceparent: string | undefined,
  ): Promise<DeliveryResult> {
    const { now, timeoutMs, urls } = this.#options;
    const at = now();
    const began = performance.now();
    const ended = () => ({ at, durationMs: Math.round((performance.now() - began) * 10) / 10 });
    // The rules may have become stricter since the endpoint was made.
    if (urlProblem(endpoint.url, urls) !== undefined) {
      return { ...ended(), outcome: "refused", error: "destination not allowed" };
    }
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const answer = await this.#request(endpoint, message, attempt, traceparent, at, timeout.signal);
      return { ...ended(), ...answer };
    } catch (error) {
      if (isDestinationError(error)) {
        return { ...ended(), outcome: "refused", error: "destination not allowed" };
      }
      if (timeout.signal.aborted) {
        return { ...ended(), outcome: "timeout", error: `not answered within ${timeoutMs} ms` };
      }
      return { ...ended(), outcome: "unreachable", error: reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  async #request(
    endpoint: Endpoint,
    message: WebhookMessage,
    attempt: number,
    traceparent: string | undefined,
    at: number,
    signal: AbortSignal,
  ): Promise<Omit<DeliveryResult, "at" | "durationMs">> {
    const { agent, signer, responseBytes, now } = this.#options;
    const { bytes, contentType } = deliveryBody(message, endpoint.payload);
    const { statusCode, headers, body } = await request(endpoint.url, {
      dispatcher: agent,
      method: "POST",
      signal,
      headers: {
        "user-agent": USER_AGENT,
        ...endpoint.headers,
        "content-type": contentType,
        ...signer.sign(message.id, Math.floor(at / 1_000), bytes, signingSecrets(endpoint, at)),
        "tidegate-channel": message.channel,
        ...(message.event === undefined ? {} : { "tidegate-event": encodeURI(message.event) }),
        "tidegate-attempt": String(attempt),
        [HOPS_HEADER.toLowerCase()]: String(message.hops + 1),
        // Without `tracestate`: that is between the systems of one operator.
        ...(traceparent === undefined ? {} : { [TRACEPARENT]: traceparent }),
      },
      body: bytes,
    });
    const response = await readSome(body, responseBytes);
    const retryAfter = headers["retry-after"];
    return {
      outcome: outcomeOf(statusCode),
      status: statusCode,
      response,
      retryAfterMs: retryAfterMs(typeof retryAfter === "string" ? retryAfter : undefined, now()),
    };
  }
}

function outcomeOf(status: number): DeliveryResult["outcome"] {
  if (status >= 200 && status < 300) return "delivered";
  return status === 410 ? "gone" : "failed";
}

/** Codes that say what to repair and nothing about the network; anything else is "connection failed". */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name does not resolve",
  ENODATA: "the name does not resolve",
  ECONNREFUSED: "connection failed",
  CERT_HAS_EXPIRED: "the certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate is self-signed",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate cannot be verified",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name",
  UND_ERR_SOCKET: "the connection broke",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? "connection failed";
}
