export { WebhooksError, type WebhooksErrorCode } from "./webhooks-error.ts";
