import { filePath, listOf, setting, text, url } from "@tidegate/runtime";

/** Which tokens the webhook API accepts; named as for gateways. */
export const apiAuthSettings = [
  setting({
    path: "auth.algorithms",
    schema: listOf(text({ max: 16 }), { min: 1 }).optional(),
    doc: "Accepted signature algorithms of tokens. What is not listed is refused, whatever keys there are. Without any, there is no API, and nothing goes out.",
  }),
  setting({
    path: "auth.secret",
    schema: text({ max: 4096 }).optional(),
    secret: true,
    doc: "Shared secret for the HS algorithms: at least 32, 48 or 64 bytes for HS256, HS384, HS512.",
  }),
  setting({
    path: "auth.keySetFile",
    schema: filePath().optional(),
    doc: "A file with a JSON Web Key Set.",
  }),
  setting({
    path: "auth.keySetUrl",
    schema: url(["https", "http"]).optional(),
    doc: "Where the issuer publishes its JSON Web Key Set.",
  }),
  setting({
    path: "auth.issuer",
    schema: listOf(text({ max: 1024 })).optional(),
    doc: "Accepted `iss`. Not checked if absent.",
  }),
  setting({
    path: "auth.audience",
    schema: listOf(text({ max: 1024 })).optional(),
    doc: "Accepted `aud`. Not checked if absent, and then tokens that the issuer made for other services are accepted too.",
  }),
  setting({
    path: "auth.userClaim",
    schema: text({ max: 64 }),
    default: "sub",
    doc: "The claim that names the caller.",
  }),
  setting({
    path: "auth.grantsClaim",
    schema: text({ max: 64 }),
    default: "grants",
    doc: "The claim with the grants: `request` on `webhooks.read`, `webhooks.write` and `webhooks.replay`, and `subscribe` on the channels of endpoints.",
  }),
] as const;
