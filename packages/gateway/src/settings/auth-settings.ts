import { ALGORITHMS } from "@tidegate/auth";
import { filePath, listOf, milliseconds, oneOf, setting, text, tokenSettings } from "@tidegate/runtime";

/** Which tokens are accepted and what is read from them. */
export const authSettings = [
  tokenSettings.algorithms(listOf(oneOf(ALGORITHMS), { min: 1 })),
  tokenSettings.secret,
  setting({
    path: "auth.publicKeyFile",
    schema: filePath().optional(),
    doc: "A PEM public key, for the one public-key algorithm that is listed.",
  }),
  tokenSettings.keySetFile,
  tokenSettings.keySetUrl,
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
  tokenSettings.issuer,
  tokenSettings.audience,
  setting({
    path: "auth.leewayMs",
    schema: milliseconds({ max: 60_000 }),
    default: "5s",
    doc: "Clock difference forgiven in `exp` and `nbf`.",
  }),
  tokenSettings.userClaim("The claim that names the user."),
  tokenSettings.grantsClaim("The claim with the grants."),
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
