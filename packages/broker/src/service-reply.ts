import type { Msg } from "@nats-io/transport-node";
import type { HeaderReader } from "./header-reader.ts";
import { headerNames } from "./header-scan.ts";
import { SERVICE_ERROR_CODE_HEADER, SERVICE_ERROR_HEADER } from "./message-headers.ts";

/**
 * What became of a request. All of these are ordinary; none rejects.
 *
 * - `service_error`: the backend answered with an error of its own.
 * - `no_responders`: nobody listens to this method.
 * - `timeout`: no answer in time; the backend may have done the work.
 * - `unavailable`: no connection, the connection broke while waiting, or the server does not keep up.
 * - `too_large`: payload and headers exceed what the server takes; nothing was sent.
 * - `aborted`: the caller's signal; the backend may have done the work.
 * - `denied`: this node's NATS permissions forbid the method or the answer. A matter of configuration.
 */
export type RequestOutcome =
  | { readonly kind: "reply"; readonly payload: Uint8Array }
  | {
      readonly kind: "service_error";
      readonly status: string;
      readonly message: string;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "no_responders" }
  | { readonly kind: "timeout" }
  | { readonly kind: "unavailable" }
  | { readonly kind: "too_large" }
  | { readonly kind: "aborted" }
  | { readonly kind: "denied" };

const NAMES = headerNames(SERVICE_ERROR_CODE_HEADER, SERVICE_ERROR_HEADER);

/** Sent by the server in place of a reply. */
const NO_RESPONDERS_STATUS = 503;

/** Turns an answer on the inbox into an outcome. The payload is copied. */
export function outcomeOfReply(message: Msg, reader: HeaderReader): RequestOutcome {
  const values = reader.read(message, NAMES);
  if (values !== undefined) {
    const [status, text] = values;
    if (status !== undefined || text !== undefined) {
      return {
        kind: "service_error",
        status: status ?? "500",
        message: text ?? "the service gave no reason",
        payload: new Uint8Array(message.data),
      };
    }
    if (message.data.length === 0 && statusOf(message) === NO_RESPONDERS_STATUS)
      return { kind: "no_responders" };
  }
  return { kind: "reply", payload: new Uint8Array(message.data) };
}

function statusOf(message: Msg): number {
  try {
    return message.headers?.code ?? 0;
  } catch {
    // A block nats.js does not parse is not one the server wrote.
    return 0;
  }
}
