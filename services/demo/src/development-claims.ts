import type { TokenClaims } from "@tidegate/auth";

/** The namespaces of `tidegate.yaml`. */
const NAMESPACES = ["chat", "feed", "hooks", "ticker"] as const;

const EVERY_CHANNEL: readonly string[] = NAMESPACES.flatMap((namespace) => [namespace, `${namespace}.>`]);

/**
 * The development token: whatever there is in a development stack, for a working day and the night after it. Its
 * grants are also what `npm run token` starts from.
 */
export const DEVELOPMENT_CLAIMS = {
  sub: "developer",
  expiresInSeconds: 24 * 3600,
  grants: {
    subscribe: EVERY_CHANNEL,
    publish: EVERY_CHANNEL,
    history: EVERY_CHANNEL,
    request: ["demo.>"],
  },
} as const satisfies TokenClaims;

/** Of a backend that makes endpoints for webhooks: all of the API, for all channels and lifecycle events. */
export const WEBHOOK_CLAIMS = {
  sub: "developer-backend",
  expiresInSeconds: 24 * 3600,
  grants: { subscribe: [...EVERY_CHANNEL, "rtev.>"], request: ["webhooks.>"] },
} as const satisfies TokenClaims;
