import { DEVELOPMENT_KEY } from "@tidegate/auth";
import type { Environment } from "@tidegate/runtime";
import { DEVELOPMENT_HOOK_SECRETS, DEVELOPMENT_SECRET_KEY } from "@tidegate/webhooks";
import { natsEnvironment } from "./gateway-environment.ts";

export interface WebhooksPlace {
  readonly natsUrl: string;
  readonly hooksPort: number;
  readonly apiPort: number;
  readonly operationsPort: number;
}

/** Who may deliver to `/hooks/<name>` of the stack, and where its deliveries are seen. */
const SOURCES = {
  stripe: { scheme: "stripe", secrets: [DEVELOPMENT_HOOK_SECRETS.stripe], channel: "hooks.payments" },
  github: { scheme: "github", secrets: [DEVELOPMENT_HOOK_SECRETS.github], channel: "hooks.ci" },
  standard: { scheme: "standard", secrets: [DEVELOPMENT_HOOK_SECRETS.standard], channel: "hooks.standard" },
} as const;

/** What must not stand in a file, or is known only now; everything else is in `webhooks.yaml`. */
export function webhooksEnvironment({
  natsUrl,
  hooksPort,
  apiPort,
  operationsPort,
}: WebhooksPlace): Environment {
  return {
    TIDEGATE_NODE_NAME: "w1",
    ...natsEnvironment(natsUrl),
    TIDEGATE_HOOKS_PORT: String(hooksPort),
    TIDEGATE_WEBHOOKS_PORT: String(apiPort),
    TIDEGATE_OPERATIONS_PORT: String(operationsPort),
    TIDEGATE_HOOKS_SOURCES: JSON.stringify(SOURCES),
    TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
    TIDEGATE_WEBHOOKS_SECRET_KEYS: DEVELOPMENT_SECRET_KEY,
  };
}
