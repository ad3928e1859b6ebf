import { type TokenVerifierOptions, verifierOptionsOf } from "@tidegate/auth";
import type { GatewaySettings } from "./gateway-settings.ts";

/** @throws AuthError `key_invalid` for a key file that can't be read or used. */
export function verifierOptions({ auth, limits, mode }: GatewaySettings): TokenVerifierOptions {
  const { jwks, ...common } = verifierOptionsOf(auth, mode);
  return {
    ...common,
    ...(jwks === undefined
      ? {}
      : {
          jwks: {
            ...jwks,
            cacheMs: auth.keySetCacheMs,
            cooldownMs: auth.keySetCooldownMs,
            timeoutMs: auth.keySetTimeoutMs,
          },
        }),
    leewayMs: auth.leewayMs,
    maxTokenBytes: limits.tokenBytes,
    forwardClaims: auth.forwardClaims,
  };
}
