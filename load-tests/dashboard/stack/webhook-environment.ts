import { randomBytes } from "node:crypto";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { Environment } from "@tidegate/runtime";
import { SUBJECT_PREFIX } from "../../chaos/stack/gateway-config.ts";

/** What senders of webhooks sign with. */
export const HOOK_SECRETS = {
  shop: `whsec_${randomBytes(24).toString("base64")}`,
  ci: randomBytes(24).toString("base64"),
} as const;

/** Of a process that gives up and leaves alone within seconds what would take others hours. */
export function webhookEnvironment(natsUrl: string, apiPort: number, hooksPort: number): Environment {
  return {
    TIDEGATE_NATS_SERVERS: natsUrl,
    TIDEGATE_SUBJECTS_PREFIX: SUBJECT_PREFIX,
    TIDEGATE_OPERATIONS_HOST: "127.0.0.1",
    TIDEGATE_AUTH_ALGORITHMS: "HS256",
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_MODE: "development",
    TIDEGATE_WEBHOOKS_PORT: String(apiPort),
    TIDEGATE_WEBHOOKS_SECRET_KEYS: `one:${randomBytes(32).toString("base64")}`,
    TIDEGATE_WEBHOOKS_NAMESPACES: "chat",
    TIDEGATE_WEBHOOKS_REPLICAS: "1",
    TIDEGATE_WEBHOOKS_ALLOW_HTTP: "true",
    TIDEGATE_WEBHOOKS_PORTS: "0",
    TIDEGATE_WEBHOOKS_ALLOW_NETWORKS: "127.0.0.0/8",
    TIDEGATE_WEBHOOKS_TIMEOUT_MS: "2s",
    TIDEGATE_WEBHOOKS_RETRY_PAUSES_MS: "2s,5s",
    TIDEGATE_WEBHOOKS_BREAKER_FAILURES: "5",
    TIDEGATE_HOOKS_HOST: "127.0.0.1",
    TIDEGATE_HOOKS_PORT: String(hooksPort),
    TIDEGATE_HOOKS_REPLICAS: "1",
    TIDEGATE_HOOKS_SOURCES: JSON.stringify({
      shop: { scheme: "standard", secrets: [HOOK_SECRETS.shop], channel: "chat.orders" },
      ci: { scheme: "github", secrets: [HOOK_SECRETS.ci] },
    }),
  };
}
