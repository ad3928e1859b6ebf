import { forwardedClaims } from "./forwarded-claims.ts";
import type { GrantsCache } from "./grants-cache.ts";
import { type JsonObject, memberOf } from "./strict-json.ts";
import type { VerifiedToken } from "./token-cache.ts";
import { userNameProblem } from "./user-name.ts";
import { type Rejection, rejection } from "./verification.ts";

export interface ClaimRules {
  /** `undefined`: not checked. */
  readonly issuers: ReadonlySet<unknown> | undefined;
  /** `undefined`: not checked. */
  readonly audiences: ReadonlySet<unknown> | undefined;
  readonly leewayMs: number;
  /** `Infinity`: unlimited. */
  readonly maxLifetimeMs: number;
  readonly grantsClaim: string;
  readonly userClaim: string;
  readonly forwardClaims: readonly string[];
}

/** The last second of the year 9999. Later dates are mistakes (milliseconds for seconds) and overflow timers. */
const MAX_SECONDS = 253_402_300_799;

const EXPIRED = rejection("token_expired", "The token has expired. Get a new one.");
const NOT_YET_VALID = rejection("token_not_yet_valid", "The token is not valid yet (`nbf`).");
const ISSUER = rejection("token_issuer", "The token's issuer (`iss`) is not one that is accepted here.");
const AUDIENCE = rejection("token_audience", "The token's audience (`aud`) does not name this service.");

/**
 * Turns the claims of a token whose signature is proven into an identity, or says which claim is wrong. Times
 * are compared to the millisecond, with `leewayMs` in the token's favour.
 */
export function readClaims(
  payload: JsonObject,
  rules: ClaimRules,
  grantsCache: GrantsCache,
  nowMs: number,
): VerifiedToken | Rejection {
  if (rules.issuers !== undefined && !rules.issuers.has(memberOf(payload, "iss"))) {
    return ISSUER;
  }
  if (rules.audiences !== undefined && !namesAny(memberOf(payload, "aud"), rules.audiences)) {
    return AUDIENCE;
  }
  const exp = readDate(payload, "exp");
  const nbf = readDate(payload, "nbf");
  const iat = readDate(payload, "iat");
  if (exp === "bad" || nbf === "bad" || iat === "bad") {
    return badDate(exp === "bad" ? "exp" : nbf === "bad" ? "nbf" : "iat");
  }
  if (exp === undefined) {
    return claimsRejection("The token has no `exp`. Tokens must expire: set it to seconds since the epoch.");
  }
  if (nowMs >= exp + rules.leewayMs) {
    return EXPIRED;
  }
  if (nbf !== undefined && nowMs + rules.leewayMs < nbf) {
    return NOT_YET_VALID;
  }
  if (exp - nowMs > rules.maxLifetimeMs + rules.leewayMs) {
    const seconds = Math.floor(rules.maxLifetimeMs / 1_000);
    return claimsRejection(
      `The token's \`exp\` lies too far ahead. Issue tokens that live at most ${seconds} s.`,
    );
  }

  const user = memberOf(payload, rules.userClaim);
  const problem = userNameProblem(user);
  if (problem !== undefined || typeof user !== "string") {
    return claimsRejection(`The token's \`${rules.userClaim}\`, which names the user, ${problem}.`);
  }
  const compiled = grantsCache.compile(memberOf(payload, rules.grantsClaim));
  if (!compiled.ok) {
    return claimsRejection(`The token's \`${rules.grantsClaim}\` cannot be used: ${compiled.message}.`);
  }
  const forwarded = forwardedClaims(payload, rules.forwardClaims);
  if (!forwarded.ok) {
    return claimsRejection(forwarded.message);
  }
  return {
    ok: true,
    identity: { user, expiresAt: exp, issuedAt: iat, grants: compiled.grants, claims: forwarded.json },
    validFrom: Math.max(nbf ?? 0, exp - rules.maxLifetimeMs) - rules.leewayMs,
    validUntil: exp + rules.leewayMs,
  };
}

/** A NumericDate (RFC 7519 section 2) in whole milliseconds, `undefined` if absent, `"bad"` if it is no such date. */
function readDate(payload: JsonObject, name: string): number | undefined | "bad" {
  const value = memberOf(payload, name);
  if (value === undefined) {
    return undefined;
  }
  // The comparisons also refuse what JSON makes infinite (1e999).
  return typeof value === "number" && value >= 0 && value <= MAX_SECONDS ? Math.floor(value * 1_000) : "bad";
}

/** RFC 7519 section 4.1.3: one string or a list of strings. A list with anything else in it is refused. */
function namesAny(aud: unknown, accepted: ReadonlySet<unknown>): boolean {
  if (!Array.isArray(aud)) {
    return accepted.has(aud);
  }
  return aud.every((one) => typeof one === "string") && aud.some((one) => accepted.has(one));
}

function badDate(name: string): Rejection {
  return claimsRejection(`The token's \`${name}\` must be a number: seconds since the epoch.`);
}

function claimsRejection(message: string): Rejection {
  return rejection("token_claims", message);
}
