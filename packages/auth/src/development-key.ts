import { isPlainHttp } from "./key-set-url.ts";
import type { SecretKey, StaticKey } from "./static-keys.ts";
import { memberOf } from "./strict-json.ts";
import type { TokenVerifierOptions } from "./verifier-options.ts";

/**
 * The key of development stacks, known to everyone: whoever accepts it accepts any token. `npm run token` signs
 * with it, and a production gateway refuses to start on it.
 */
export const DEVELOPMENT_KEY = {
  algorithm: "HS256",
  secret: "tidegate development secret: known to all, never for production",
} as const satisfies SecretKey;

/** Random bytes have more, even in hexadecimal (16 values) and at the shortest length allowed. */
const MIN_DISTINCT_BYTES = 8;

/** Whether a secret is the development secret, as such or in base64 or base64url. */
export function isDevelopmentKey(secret: string | Uint8Array): boolean {
  const bytes = Buffer.from(secret);
  const known = Buffer.from(DEVELOPMENT_KEY.secret);
  return [known, Buffer.from(known.toString("base64")), Buffer.from(known.toString("base64url"))].some(
    (form) => form.equals(bytes),
  );
}

/**
 * What makes a verifier's keys unfit for production; empty if nothing does. A production gateway refuses to start
 * unless it is empty. Messages name the option and hold no key material.
 */
export function productionKeyProblems(
  options: Pick<TokenVerifierOptions, "keys" | "jwks">,
): readonly string[] {
  const problems: string[] = [];
  for (const [index, key] of (options.keys ?? []).entries()) {
    const secret = secretOf(key);
    if (secret === undefined) {
      continue;
    }
    if (isDevelopmentKey(secret)) {
      problems.push(`keys[${index}] is the development key, which everyone knows`);
    } else if (new Set(Buffer.from(secret)).size < MIN_DISTINCT_BYTES) {
      problems.push(`keys[${index}] repeats a few bytes; use a random secret`);
    }
  }
  const url = options.jwks === undefined ? null : URL.parse(options.jwks.url);
  if (url !== null && isPlainHttp(url)) {
    problems.push("jwks.url is plain http: anyone on the way can replace the keys");
  }
  return problems;
}

function secretOf(key: StaticKey): string | Uint8Array | undefined {
  if ("secret" in key) {
    return key.secret;
  }
  const k = "jwk" in key ? memberOf(key.jwk, "k") : undefined;
  return typeof k === "string" ? Buffer.from(k, "base64url") : undefined;
}
