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
export { WebhooksError, type WebhooksErrorCode } from "./webhooks-error.ts";
