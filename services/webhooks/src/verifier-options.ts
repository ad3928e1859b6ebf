import { readFileSync } from "node:fs";
import {
  ALGORITHMS,
  AuthError,
  isAlgorithm,
  isHmacAlgorithm,
  type StaticKey,
  type TokenVerifierOptions,
} from "@tidegate/auth";
import type { WebhookServiceSettings } from "@tidegate/webhooks";

type Auth = WebhookServiceSettings["auth"];

/** @throws AuthError `key_invalid` for a key file that cannot be used. */
export function verifierOptions(auth: Auth, mode: "production" | "development"): TokenVerifierOptions {
  const { secret, keySetFile, keySetUrl, issuer, audience, userClaim, grantsClaim } = auth;
  const algorithms = (auth.algorithms ?? []).map((name) => {
    if (isAlgorithm(name)) return name;
    throw new AuthError("algorithms_invalid", `auth.algorithms: ${name} is none of ${ALGORITHMS.join(", ")}`);
  });
  const secretKeys: readonly StaticKey[] =
    secret === undefined
      ? []
      : algorithms.filter(isHmacAlgorithm).map((algorithm) => ({ algorithm, secret }));
  return {
    algorithms,
    keys: [...secretKeys, ...(keySetFile === undefined ? [] : keysOf(keySetFile))],
    ...(keySetUrl === undefined ? {} : { jwks: { url: keySetUrl, allowInsecure: mode === "development" } }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    userClaim,
    grantsClaim,
  };
}

function keysOf(file: string): readonly StaticKey[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AuthError("key_invalid", `auth.keySetFile: ${file} cannot be read as JSON`, { cause });
  }
  const keys = typeof value === "object" && value !== null && "keys" in value ? value.keys : undefined;
  if (!Array.isArray(keys)) {
    throw new AuthError("key_invalid", 'auth.keySetFile must hold a JSON Web Key Set: {"keys": [...]}');
  }
  return keys.map((jwk: object) => ({
    ...("kid" in jwk && typeof jwk.kid === "string" ? { kid: jwk.kid } : {}),
    jwk: { ...jwk },
  }));
}
