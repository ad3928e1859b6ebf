import { ALGORITHMS } from "@tidegate/auth";
import { filePath, listOf, milliseconds, oneOf, setting, text, url } from "@tidegate/runtime";

/** Which tokens are accepted and what is read from them. */
export const authSettings = [
  setting({
    path: "auth.algorithms",
    schema: listOf(oneOf(ALGORITHMS), { min: 1 }),
    doc: "Accepted signature algorithms of tokens. What is not listed is refused, whatever keys there are.",
  }),
  setting({
    path: "auth.secret",
    schema: text({ max: 4096 }).optional(),
    secret: true,
    doc: "Shared secret for the HS algorithms: at least 32, 48 or 64 bytes for HS256, HS384, HS512.",
  }),
  setting({
    path: "auth.publicKeyFile",
    schema: filePath().optional(),
    doc: "A PEM public key, for the one public-key algorithm that is listed.",
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
    path: "auth.keySetCacheMs",
    schema: milliseconds({ min: 1000, max: 86_400_000 }),
    default: "10m",
    doc: "How long a fetched set is fresh.",
  }),
  setting({
    path: "auth.keySetCooldownMs",
    schema: milliseconds({ min: 100, max: 3_600_000 }),
    default: "10s",
    doc: "Least time between two fetches; a new key is known at most this long after it was published.",
  }),
  setting({
    path: "auth.keySetTimeoutMs",
    schema: milliseconds({ min: 10, max: 60_000 }),
    default: "5s",
    doc: "For a whole fetch.",
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
    path: "auth.leewayMs",
    schema: milliseconds({ max: 60_000 }),
    default: "5s",
    doc: "Clock difference forgiven in `exp` and `nbf`.",
  }),
  setting({
    path: "auth.userClaim",
    schema: text({ max: 64 }),
    default: "sub",
    doc: "The claim that names the user.",
  }),
  setting({
    path: "auth.grantsClaim",
    schema: text({ max: 64 }),
    default: "grants",
    doc: "The claim with the grants.",
  }),
  setting({
    path: "auth.forwardClaims",
    schema: listOf(text({ max: 64 }), { max: 32 }),
    default: "",
    doc: "Claims passed on to backends in `Tidegate-Claims`.",
  }),
  setting({
    path: "auth.cookieName",
    schema: text({ max: 64 }).optional(),
    doc: "A cookie that may carry the token; counts only where the page's origin is listed in `origins.allow` (not by `*`).",
  }),
] as const;
