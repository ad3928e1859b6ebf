import { verifyWebhook } from "../../signing/verify-webhook.ts";
import { parseVerifyingSecret } from "../../signing/webhook-secret.ts";
import { genuine, type HookRequest, type HookScheme, refused } from "./hook-scheme.ts";
import { readJsonFields } from "./json-body.ts";

/**
 * Standard Webhooks, symmetric and asymmetric: id, time and body are signed.
 *
 * @throws WebhooksError `invalid` for a secret that is none.
 */
export function standardScheme(secrets: readonly string[]): HookScheme {
  return signedByStandard(secrets, ({ body }) => readJsonFields(body)?.["type"]);
}

/** @param eventOf reads the kind of event from a request that is genuine. */
export function signedByStandard(
  secrets: readonly string[],
  eventOf: (request: HookRequest) => unknown,
): HookScheme {
  const keys = secrets.map(parseVerifyingSecret);
  return {
    contentTypes: "any",
    acceptance: undefined,
    verify: (request, nowMs) => {
      const verdict = verifyWebhook(
        {
          id: request.header("webhook-id"),
          timestamp: request.header("webhook-timestamp"),
          signature: request.header("webhook-signature"),
          body: request.body,
        },
        keys,
        nowMs,
      );
      return verdict.kind === "refused"
        ? refused(verdict.fault)
        : genuine(verdict.id, eventOf(request), "missing_header");
    },
  };
}
