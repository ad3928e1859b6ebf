/**
 * - `invalid`: what was given breaks a rule; the message says which and what to change.
 * - `not_found`: there is no such thing.
 * - `conflict`: somebody else changed it meanwhile.
 * - `unavailable`: NATS is out of reach or does not take it now; trying again may help.
 */
export type WebhooksErrorCode = "invalid" | "not_found" | "conflict" | "unavailable";

/** What can go wrong with webhooks. Messages never hold secrets, signatures or payloads. */
export class WebhooksError extends Error {
  override readonly name = "WebhooksError";
  readonly code: WebhooksErrorCode;

  constructor(code: WebhooksErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
