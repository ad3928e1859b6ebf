import { describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm } from "./algorithms.ts";
import { importKeySet } from "./import-key-set.ts";
import type { JsonObject } from "./strict-json.ts";
import { newTestKey, SECRET, segment } from "./tokens.fixture.ts";

const RSA = newTestKey("RS256");
const SHORT_RSA = newTestKey("RS256", 1_024);
const P256 = newTestKey("ES256");
const ED25519 = newTestKey("EdDSA");
const ALL: ReadonlySet<Algorithm> = new Set(ALGORITHMS);

async function served(jwk: JsonObject, pinned = ALL): Promise<readonly Algorithm[]> {
  const ring = await importKeySet([jwk], pinned);
  return ALGORITHMS.filter((algorithm) => ring.has(algorithm));
}

describe("importKeySet", () => {
  it.each<[string, JsonObject, readonly Algorithm[]]>([
    ["an RSA key without alg", RSA.jwk, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]],
    ["an RSA key with alg", { ...RSA.jwk, alg: "PS384" }, ["PS384"]],
    ["an EC key", P256.jwk, ["ES256"]],
    ["an Ed25519 key", ED25519.jwk, ["EdDSA", "Ed25519"]],
    ["a key for signatures", { ...P256.jwk, use: "sig", key_ops: ["verify"] }, ["ES256"]],
    [
      "a key with members of no interest",
      { ...P256.jwk, x5u: "https://x.example", x5c: [7], ext: "no" },
      ["ES256"],
    ],
  ])("imports %s for every algorithm it can serve", async (_name, jwk, algorithms) => {
    expect(await served(jwk)).toEqual(algorithms);
  });

  it("imports for pinned algorithms only", async () => {
    expect(await served(RSA.jwk, new Set(["RS256", "ES256"]))).toEqual(["RS256"]);
    expect(await served({ ...RSA.jwk, alg: "RS512" }, new Set(["RS256"]))).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ["a symmetric key, though its algorithm is pinned", { kty: "oct", k: segment(SECRET), alg: "HS256" }],
    ["a symmetric key without alg", { kty: "oct", k: segment(SECRET) }],
    ["a symmetric key that claims another type's alg", { kty: "oct", k: segment(SECRET), alg: "RS256" }],
    ["an RSA key that claims an HMAC alg", { ...RSA.jwk, alg: "HS256" }],
    ["a key for encryption", { ...RSA.jwk, use: "enc" }],
    ["a key with another use", { ...RSA.jwk, use: 7 }],
    ["a key that may not verify", { ...P256.jwk, key_ops: ["sign"] }],
    ["a key with malformed key_ops", { ...P256.jwk, key_ops: "verify" }],
    ["a private key", P256.privateJwk],
    ["an RSA key under 2,048 bits", SHORT_RSA.jwk],
    ["a key whose alg contradicts its curve", { ...P256.jwk, alg: "ES512" }],
    ["a key whose alg is no string", { ...P256.jwk, alg: ["ES256"] }],
    ["a key off its curve", { ...P256.jwk, x: "A".repeat(43) }],
    ["a key without its material", { kty: "EC", crv: "P-256" }],
    ["a curve that no algorithm here uses", { ...ED25519.jwk, crv: "X25519" }],
    ["a type nobody knows", { kty: "AKP", alg: "ML-DSA-65", pub: "AA" }],
    ["a name that is no string", { ...P256.jwk, kid: 7 }],
    ["nothing", {}],
  ])("leaves out %s", async (_name, jwk) => {
    expect(await served(jwk)).toEqual([]);
    const ring = await importKeySet([jwk, { ...P256.jwk, kid: "sound" }], ALL);
    expect(ring.size).toBe(1);
  });
});
