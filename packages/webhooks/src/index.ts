// What a service needs to run webhooks, and what senders and receivers need to sign and verify. How deliveries are made stays inside.
export type { ApiAction, ApiCaller, Authorization, Authorize } from "./http-api/api-caller.ts";
export { DEVELOPMENT_HOOK_SECRETS } from "./inbound/development-hook-secrets.ts";
export { HOOK_METRICS, type HookMetrics } from "./inbound/hook-metrics.ts";
export { hookSettings } from "./inbound/hook-settings.ts";
export type { StartedHooks, StartHooksOptions } from "./inbound/start-hooks.ts";
export { startHooks } from "./inbound/start-hooks.ts";
export { WEBHOOK_METRICS } from "./metrics.ts";
export { NatsLink, openNatsLink } from "./nats-link.ts";
export { DEVELOPMENT_SECRET_KEY } from "./sealing/development-secret-key.ts";
export { WEBHOOK_SERVICE_SETTINGS, type WebhookServiceSettings } from "./service-settings.ts";
export type { SignatureHeaders, SignedContent } from "./signing/sign-webhook.ts";
export { signatureHeaders, signWebhook } from "./signing/sign-webhook.ts";
export type { ReceivedSignature, SignatureFault, SignatureVerdict } from "./signing/verify-webhook.ts";
export { verifyWebhook } from "./signing/verify-webhook.ts";
export type { GeneratedSecret, SigningKey, VerifyingKey } from "./signing/webhook-secret.ts";
export {
  generateSecret,
  parseSigningSecret,
  parseVerifyingSecret,
  publicKeyOf,
} from "./signing/webhook-secret.ts";
export type { StartedWebhooks, StartWebhooksOptions } from "./start-webhooks.ts";
export { startWebhooks } from "./start-webhooks.ts";
export type { WebhookMetrics } from "./webhook-instruments.ts";
export { WebhooksError, type WebhooksErrorCode } from "./webhooks-error.ts";
