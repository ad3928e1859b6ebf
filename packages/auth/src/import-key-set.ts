import type { Algorithm } from "./algorithms.ts";
import {
  algorithmsOf,
  importPublicJwk,
  isPrivate,
  isPublicKeyAlgorithm,
  MIN_RSA_BITS,
  mayVerify,
  modulusBits,
} from "./json-web-key.ts";
import { KeyRing, type RingKey } from "./key-ring.ts";
import { type JsonObject, memberOf } from "./strict-json.ts";

/**
 * The usable keys of a fetched set, imported once for each pinned algorithm they can serve.
 *
 * A key of no use here is left out without failing the set, as RFC 7517 section 5 asks: sets also hold
 * encryption keys and algorithms of tomorrow. Left out as well are symmetric keys (what anybody may fetch is no
 * secret), private keys (published, so no longer private) and RSA keys under 2,048 bits.
 */
export async function importKeySet(
  keys: readonly JsonObject[],
  pinned: ReadonlySet<Algorithm>,
): Promise<KeyRing> {
  const imported = await Promise.all(keys.map((jwk) => importKey(jwk, pinned)));
  return new KeyRing(imported.flat());
}

async function importKey(jwk: JsonObject, pinned: ReadonlySet<Algorithm>): Promise<readonly RingKey[]> {
  const kid = memberOf(jwk, "kid");
  if ((kid !== undefined && typeof kid !== "string") || isPrivate(jwk) || !mayVerify(jwk)) {
    return [];
  }
  const imported: RingKey[] = [];
  for (const algorithm of algorithmsOf(jwk)) {
    if (!isPublicKeyAlgorithm(algorithm) || !pinned.has(algorithm)) {
      continue;
    }
    try {
      const key = await importPublicJwk(jwk, algorithm);
      const bits = modulusBits(key);
      if (bits === undefined || bits >= MIN_RSA_BITS) {
        imported.push({ kid, verification: { kind: "public", algorithm, key } });
      }
    } catch {
      // Not a key of that type after all, say a point off the curve: of no use, like the others left out.
    }
  }
  return imported;
}
