import {
  defineSettings,
  natsDisagreements,
  natsSettings,
  oneOf,
  type SettingsOf,
  serviceSettings,
  setting,
  text,
  tracingSettings,
} from "@tidegate/runtime";
import { RETRY_SPREAD } from "./delivery/retry-policy.ts";
import { apiAuthSettings } from "./http-api/api-auth-settings.ts";
import { hookSettings } from "./inbound/hook-settings.ts";
import { hasDevelopmentKey } from "./sealing/development-secret-key.ts";
import { type WebhookSettings, webhookSettings } from "./webhook-settings.ts";

/** Fits into a NATS subject and a connection name alike. */
const name = text({
  max: 64,
  pattern: { test: /^[A-Za-z0-9_-]+$/, expects: "letters, digits, _ and -" },
});

/** Everything a webhook process can be told. The reference in docs/configuration.md is generated from it. */
export const WEBHOOK_SERVICE_SETTINGS = defineSettings({
  settings: [
    ...serviceSettings,
    setting({
      path: "mode",
      schema: oneOf(["production", "development"]),
      default: "production",
      doc: "A production process refuses to start on development secrets.",
    }),
    setting({
      path: "node.name",
      schema: name.optional(),
      doc: "Unique among the processes; shown by NATS monitoring. Default: the host's name and the process id.",
    }),
    ...natsSettings,
    setting({
      path: "subjects.prefix",
      schema: name,
      default: "rt",
      doc: "First token of the channel subjects, as the gateways have it.",
    }),
    ...apiAuthSettings,
    ...webhookSettings,
    ...hookSettings,
    ...tracingSettings,
  ],
  refine: ({ mode, nats, auth, webhooks, drain }) => {
    const retriesMs = webhooks.retryPausesMs.reduce((sum, pause) => sum + pause, 0);
    const secretsProblem =
      mode === "production" && auth.algorithms !== undefined ? secretKeysProblem(webhooks) : undefined;
    return [
      ...(secretsProblem === undefined
        ? []
        : [{ path: "webhooks.secretKeys" as const, message: secretsProblem }]),
      ...(webhooks.namespaces.length > 0 && auth.algorithms === undefined
        ? [
            {
              path: "auth.algorithms" as const,
              message: "is needed for webhooks.namespaces: endpoints are made through an API with tokens",
            },
          ]
        : []),
      ...(webhooks.keepMessagesMs <= retriesMs * RETRY_SPREAD + webhooks.maxRetryAfterMs
        ? [
            {
              path: "webhooks.keepMessagesMs" as const,
              message: "must be longer than retries go on: the pauses, a fifth more, and maxRetryAfterMs",
            },
          ]
        : []),
      ...(drain.deadlineMs <= webhooks.timeoutMs
        ? [
            {
              path: "drain.deadlineMs" as const,
              message: "must be longer than webhooks.timeoutMs: attempts that are under way are waited for",
            },
          ]
        : []),
      ...natsDisagreements(nats),
    ];
  },
});

/** Why a production process must not store the secrets of endpoints so. */
function secretKeysProblem({
  secretKeys,
  clearSecrets,
}: Pick<WebhookSettings, "secretKeys" | "clearSecrets">): string | undefined {
  if (secretKeys === undefined) {
    return clearSecrets
      ? undefined
      : "is needed in production: secrets of endpoints are stored encrypted. Or allow webhooks.clearSecrets";
  }
  return hasDevelopmentKey(secretKeys) ? "has the development key, which everyone knows" : undefined;
}

export type WebhookServiceSettings = SettingsOf<typeof WEBHOOK_SERVICE_SETTINGS>;
