import { BrokerError } from "../broker-error.ts";
import type { Requests } from "../requests.ts";
import { hedge } from "./hedge.ts";
import type { JsonObject } from "./json-object.ts";
import { asNumber, asObject, asText, parseJsonObject } from "./json-object.ts";

/** JetStream's own answer to a call. `code` is its `err_code`, which tells errors apart. */
export type ApiAnswer =
  | { readonly kind: "done"; readonly answer: JsonObject }
  | { readonly kind: "refused"; readonly code: number; readonly description: string };

export const STREAM_NOT_FOUND = 10_059;
export const MESSAGE_NOT_FOUND = 10_037;

const API = "$JS.API";
const encoder = new TextEncoder();

/** Calls of the JetStream API: JSON requests that the leader of a stream, or of the cluster, answers. */
export class JetStreamApi {
  readonly #requests: Requests;
  readonly #timeoutMs: number;

  constructor(requests: Requests, timeoutMs: number) {
    this.#requests = requests;
    this.#timeoutMs = timeoutMs;
  }

  /** As {@link call}, for what changes nothing: asked again where nothing comes. */
  read(method: string, body?: JsonObject): Promise<ApiAnswer> {
    return hedge(() => {
      const abort = new AbortController();
      return {
        outcome: this.call(method, body, abort.signal),
        isAnswering: () => false,
        cancel: () => abort.abort(),
      };
    });
  }

  /**
   * @param method such as `STREAM.INFO.rt_chat`.
   * @throws BrokerError `unavailable` without a link or an answer in time, `denied`, `server_error`.
   */
  async call(method: string, body?: JsonObject, signal?: AbortSignal): Promise<ApiAnswer> {
    const subject = `${API}.${method}`;
    const payload = encoder.encode(body === undefined ? "" : JSON.stringify(body));
    const outcome = await this.#requests.request(subject, payload, undefined, this.#timeoutMs, signal);
    switch (outcome.kind) {
      case "reply":
        return answerOf(method, outcome.payload);
      case "no_responders":
        throw new BrokerError(
          "unavailable",
          `nobody answers ${subject}: JetStream is not enabled for this account, or has no leader now`,
        );
      case "timeout":
        throw new BrokerError("unavailable", `${subject} was not answered within ${this.#timeoutMs} ms`);
      case "denied":
        throw new BrokerError("denied", `NATS permissions forbid to publish to ${subject}`);
      case "unavailable":
      case "aborted":
        throw new BrokerError(
          "unavailable",
          `${subject} could not be sent, or the link broke before its answer`,
        );
      case "too_large":
      case "service_error":
        throw new BrokerError("server_error", `${subject}: ${outcome.kind}`);
    }
  }
}

function answerOf(method: string, payload: Uint8Array): ApiAnswer {
  const answer = parseJsonObject(payload);
  if (answer === undefined) throw new BrokerError("server_error", `${method} was not answered with JSON`);
  const error = asObject(answer["error"]);
  if (error === undefined) return { kind: "done", answer };
  return {
    kind: "refused",
    code: asNumber(error["err_code"]) ?? 0,
    description: asText(error["description"]) ?? "no reason given",
  };
}
