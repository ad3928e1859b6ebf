import type { TokenVerifier } from "@tidegate/auth";
import type { Authorize } from "@tidegate/webhooks";

const METHOD_PREFIX = "webhooks";

/**
 * Tokens are those of the gateways. An action is a method that the token grants to request (`webhooks.write`), and a channel may be
 * sent to an endpoint by whoever may subscribe to it.
 */
export function authorizeByGrants(verifier: TokenVerifier): Authorize {
  return async (token) => {
    const verification = await verifier.verify(token);
    if (!verification.ok) {
      const { failure, message } = verification;
      const code =
        failure === "token_expired"
          ? "token_expired"
          : failure === "keys_unavailable"
            ? "unavailable"
            : "token_invalid";
      return { ok: false, code, detail: message };
    }
    const { user, grants } = verification.identity;
    return {
      ok: true,
      caller: {
        name: user,
        may: (action) => grants.allows("request", `${METHOD_PREFIX}.${action}`, user),
        mayRead: (pattern) => grants.allows("subscribe", pattern, user),
      },
    };
  };
}
