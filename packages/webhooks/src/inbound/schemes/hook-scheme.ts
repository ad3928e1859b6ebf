import type { SignatureFault } from "../../signing/verify-webhook.ts";

/** A request to `/hooks/<source>`, read to its end and not yet trusted. */
export interface HookRequest {
  /** Path and query as they stood in the request line. */
  readonly target: string;
  /** Lower case and without parameters; empty if there is none. */
  readonly contentType: string;
  readonly body: Buffer;
  /** A header by its name in lower case; undefined if it is missing or empty. */
  header(name: string): string | undefined;
}

/**
 * Why a request is refused; for logs and metrics of the owner. The sender gets the same answer for all of them.
 *
 * - `malformed_body`: the signature is good, but the body is not what this sender sends; or too little of it can be read to tell.
 */
export type HookFault = SignatureFault | "malformed_body";

/**
 * - `event`: genuine. `id` names the delivery, the same for all its repetitions: 1 to 255 characters of visible ASCII.
 * - `answer`: a genuine question to the receiver itself, which is answered and not stored.
 * - `unavailable`: what it takes to decide is out of reach now; the sender shall try again.
 */
export type HookVerdict =
  | { readonly kind: "event"; readonly id: string; readonly event: string | undefined }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "refused"; readonly fault: HookFault }
  | { readonly kind: "unavailable"; readonly reason: string };

/** How one kind of sender proves that a request is its own. `verify` never throws and never rejects. */
export interface HookScheme {
  /** Content types that this sender uses; `any` if it is for the user of the sender to decide. */
  readonly contentTypes: "any" | readonly string[];
  /** The body of the answer to an accepted request, where the sender would read one. */
  readonly acceptance: { readonly contentType: string; readonly text: string } | undefined;
  /** @param nowMs the time here, in Unix milliseconds. */
  verify(request: HookRequest, nowMs: number): HookVerdict | Promise<HookVerdict>;
}

export const JSON_TYPE = "application/json";
export const FORM_TYPE = "application/x-www-form-urlencoded";

export function refused(fault: HookFault): HookVerdict {
  return { kind: "refused", fault };
}

const DELIVERY_ID = /^[!-~]{1,255}$/;

/** The verdict on a genuine request whose delivery id is `id`, which stands in a header or in the body. */
export function genuine(
  id: unknown,
  event: unknown,
  faultWithoutId: "missing_header" | "malformed_body",
): HookVerdict {
  if (typeof id !== "string" || !DELIVERY_ID.test(id)) return refused(faultWithoutId);
  return { kind: "event", id, event: typeof event === "string" && event !== "" ? event : undefined };
}
