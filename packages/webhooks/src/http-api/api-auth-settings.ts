import { listOf, text, tokenSettings } from "@tidegate/runtime";

/** Which tokens the webhook API accepts; named as for gateways. */
export const apiAuthSettings = [
  tokenSettings.algorithms(
    listOf(text({ max: 16 }), { min: 1 }).optional(),
    " Without any, there is no API, and nothing goes out.",
  ),
  tokenSettings.secret,
  tokenSettings.keySetFile,
  tokenSettings.keySetUrl,
  tokenSettings.issuer,
  tokenSettings.audience,
  tokenSettings.userClaim("The claim that names the caller."),
  tokenSettings.grantsClaim(
    "The claim with the grants: `request` on `webhooks.read`, `webhooks.write` and `webhooks.replay`, and `subscribe` on the channels of endpoints.",
  ),
] as const;
