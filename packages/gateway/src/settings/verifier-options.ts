import { readFileSync } from "node:fs";
import {
  type Algorithm,
  isHmacAlgorithm,
  type PublicKeyAlgorithm,
  type StaticKey,
  type TokenVerifierOptions,
} from "@tidegate/auth";
import { GatewayError } from "../gateway-error.ts";
import type { GatewaySettings } from "./gateway-settings.ts";

/** @throws GatewayError `configuration_invalid` for a key file that can't be read or used. */
export function verifierOptions(settings: GatewaySettings): TokenVerifierOptions {
  const { auth, limits } = settings;
  return {
    algorithms: auth.algorithms,
    keys: [...secretKeys(auth), ...publicKeys(auth), ...keySetKeys(auth)],
    ...(auth.keySetUrl === undefined
      ? {}
      : {
          jwks: {
            url: auth.keySetUrl,
            cacheMs: auth.keySetCacheMs,
            cooldownMs: auth.keySetCooldownMs,
            timeoutMs: auth.keySetTimeoutMs,
            allowInsecure: settings.mode === "development",
          },
        }),
    ...(auth.issuer === undefined ? {} : { issuer: auth.issuer }),
    ...(auth.audience === undefined ? {} : { audience: auth.audience }),
    leewayMs: auth.leewayMs,
    maxTokenBytes: limits.tokenBytes,
    userClaim: auth.userClaim,
    grantsClaim: auth.grantsClaim,
    forwardClaims: auth.forwardClaims,
  };
}

type Auth = GatewaySettings["auth"];

/** The secret serves every HS algorithm that is listed. */
function secretKeys({ secret, algorithms }: Auth): readonly StaticKey[] {
  return secret === undefined
    ? []
    : algorithms.filter(isHmacAlgorithm).map((algorithm) => ({ algorithm, secret }));
}

function publicKeys({ publicKeyFile, algorithms }: Auth): readonly StaticKey[] {
  if (publicKeyFile === undefined) {
    return [];
  }
  const candidates = algorithms.filter(isPublicKeyAlgorithm);
  const [algorithm] = candidates;
  if (algorithm === undefined || candidates.length !== 1) {
    throw new GatewayError(
      "configuration_invalid",
      "auth.publicKeyFile needs exactly one public-key algorithm in auth.algorithms; use auth.keySetFile for several",
    );
  }
  return [{ algorithm, publicKeyPem: read("auth.publicKeyFile", publicKeyFile) }];
}

function isPublicKeyAlgorithm(algorithm: Algorithm): algorithm is PublicKeyAlgorithm {
  return !isHmacAlgorithm(algorithm);
}

function keySetKeys({ keySetFile }: Auth): readonly StaticKey[] {
  if (keySetFile === undefined) {
    return [];
  }
  const wrong = new GatewayError(
    "configuration_invalid",
    'auth.keySetFile must hold a JSON Web Key Set: {"keys": [...]}',
  );
  let value: unknown;
  try {
    value = JSON.parse(read("auth.keySetFile", keySetFile));
  } catch (error) {
    throw error instanceof GatewayError ? error : wrong;
  }
  const keys = typeof value === "object" && value !== null && "keys" in value ? value.keys : undefined;
  if (!Array.isArray(keys)) {
    throw wrong;
  }
  return keys.map((jwk: unknown) => {
    if (typeof jwk !== "object" || jwk === null) {
      throw wrong;
    }
    const kid = "kid" in jwk && typeof jwk.kid === "string" ? { kid: jwk.kid } : {};
    return { ...kid, jwk: { ...jwk } };
  });
}

function read(path: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatewayError("configuration_invalid", `${path}: cannot read ${file}`, { cause: error });
  }
}
