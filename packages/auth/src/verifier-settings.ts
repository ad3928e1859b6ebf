import { readFileSync } from "node:fs";
import { ALGORITHMS, type Algorithm, isAlgorithm, isHmacAlgorithm } from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import { isPublicKeyAlgorithm } from "./json-web-key.ts";
import type { StaticKey } from "./static-keys.ts";
import type { TokenVerifierOptions } from "./verifier-options.ts";

/** What services are told about tokens, by the names of their settings without `auth.`. */
export interface VerifierSettings {
  readonly algorithms: readonly string[];
  /** Serves every HS algorithm that is listed. */
  readonly secret: string | undefined;
  /** A PEM file, for the one public-key algorithm that is listed. */
  readonly publicKeyFile?: string | undefined;
  /** A file with a JSON Web Key Set. */
  readonly keySetFile: string | undefined;
  readonly keySetUrl: string | undefined;
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly userClaim: string;
  readonly grantsClaim: string;
}

/**
 * Options of a verifier that does what the settings say. Reads the files that they name. A service adds what it has settings of its
 * own for.
 *
 * @param mode a key set may come by plain http in development alone.
 * @throws AuthError `key_invalid` for a key file that can't be read or used, `algorithms_invalid` for an unknown algorithm.
 */
export function verifierOptionsOf(
  settings: VerifierSettings,
  mode: "production" | "development",
): TokenVerifierOptions {
  const { secret, publicKeyFile, keySetFile, keySetUrl, issuer, audience, userClaim, grantsClaim } = settings;
  const algorithms = settings.algorithms.map(known);
  return {
    algorithms,
    keys: [
      ...(secret === undefined ? [] : secretKeys(secret, algorithms)),
      ...(publicKeyFile === undefined ? [] : [publicKey(publicKeyFile, algorithms)]),
      ...(keySetFile === undefined ? [] : keySetKeys(keySetFile)),
    ],
    ...(keySetUrl === undefined ? {} : { jwks: { url: keySetUrl, allowInsecure: mode === "development" } }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    userClaim,
    grantsClaim,
  };
}

function known(name: string): Algorithm {
  if (isAlgorithm(name)) {
    return name;
  }
  throw new AuthError("algorithms_invalid", `auth.algorithms: ${name} is none of ${ALGORITHMS.join(", ")}`);
}

function secretKeys(secret: string, algorithms: readonly Algorithm[]): readonly StaticKey[] {
  return algorithms.filter(isHmacAlgorithm).map((algorithm) => ({ algorithm, secret }));
}

function publicKey(file: string, algorithms: readonly Algorithm[]): StaticKey {
  const candidates = algorithms.filter(isPublicKeyAlgorithm);
  const [algorithm] = candidates;
  if (algorithm === undefined || candidates.length !== 1) {
    throw new AuthError(
      "key_invalid",
      "auth.publicKeyFile needs exactly one public-key algorithm in auth.algorithms; use auth.keySetFile for several",
    );
  }
  return { algorithm, publicKeyPem: read("auth.publicKeyFile", file) };
}

function keySetKeys(file: string): readonly StaticKey[] {
  // Without a cause: what JSON.parse says quotes the file, in which there may be a secret.
  const wrong = new AuthError("key_invalid", 'auth.keySetFile must hold a JSON Web Key Set: {"keys": [...]}');
  const text = read("auth.keySetFile", file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong;
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
  } catch (cause) {
    throw new AuthError("key_invalid", `${path}: cannot read ${file}`, { cause });
  }
}
