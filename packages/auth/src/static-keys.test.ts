import { describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm, HMAC_ALGORITHMS, PUBLIC_KEY_ALGORITHMS } from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import { importStaticKeys, type StaticKey } from "./static-keys.ts";
import { newTestKey, SECRET } from "./tokens.fixture.ts";

const RSA = newTestKey("RS256");
const SHORT_RSA = newTestKey("RS256", 1_024);
const P256 = newTestKey("ES256");
const P384 = newTestKey("ES384");
const ED25519 = newTestKey("EdDSA");
const ALL: ReadonlySet<Algorithm> = new Set(ALGORITHMS);

async function algorithmsFor(key: StaticKey, pinned = ALL): Promise<readonly string[]> {
  return (await importStaticKeys([key], pinned)).map((imported) => imported.verification.algorithm);
}

/** What a file or an environment variable can hold, whatever the types say. */
function untyped(key: Record<string, unknown>): StaticKey {
  return key as unknown as StaticKey;
}

describe("importStaticKeys", () => {
  it("binds a secret to the one algorithm it was given for", async () => {
    for (const algorithm of HMAC_ALGORITHMS) {
      expect(await algorithmsFor({ algorithm, secret: SECRET })).toEqual([algorithm]);
    }
  });

  it("binds an RSA key to the one algorithm it was given for", async () => {
    for (const algorithm of PUBLIC_KEY_ALGORITHMS.filter((name) => /^[RP]S/.test(name))) {
      expect(await algorithmsFor({ algorithm, publicKeyPem: RSA.publicKeyPem })).toEqual([algorithm]);
      expect(await algorithmsFor({ jwk: { ...RSA.jwk, alg: algorithm } })).toEqual([algorithm]);
    }
  });

  it("finds the algorithm of a curve by itself", async () => {
    expect(await algorithmsFor({ jwk: P256.jwk })).toEqual(["ES256"]);
    expect(await algorithmsFor({ jwk: P384.jwk })).toEqual(["ES384"]);
    expect(await algorithmsFor({ jwk: newTestKey("ES512").jwk })).toEqual(["ES512"]);
  });

  it("lets an Ed25519 key serve both names of its algorithm, as far as they are pinned", async () => {
    const key: StaticKey = { algorithm: "EdDSA", publicKeyPem: ED25519.publicKeyPem };
    expect(await algorithmsFor(key)).toEqual(["EdDSA", "Ed25519"]);
    expect(await algorithmsFor(key, new Set(["Ed25519"]))).toEqual(["Ed25519"]);
    expect(await algorithmsFor({ jwk: { ...ED25519.jwk, alg: "Ed25519" } }, new Set(["EdDSA"]))).toEqual([
      "EdDSA",
    ]);
  });

  it("prefers the configured name to the one in the JSON Web Key", async () => {
    const jwk = { ...P256.jwk, kid: "theirs" };
    const [theirs, ours] = await importStaticKeys([{ jwk }, { kid: "ours", jwk }], ALL);
    expect([theirs?.kid, ours?.kid]).toEqual(["theirs", "ours"]);
  });

  it("accepts a PEM with white space around it", async () => {
    expect(await algorithmsFor({ algorithm: "ES256", publicKeyPem: `\n  ${P256.publicKeyPem}\n` })).toEqual([
      "ES256",
    ]);
  });

  it.each([
    ["HS256", 32],
    ["HS384", 48],
    ["HS512", 64],
  ] as const)("wants a secret for %s to have %i bytes", async (algorithm, bytes) => {
    const secret = SECRET.slice(0, bytes);
    expect(await algorithmsFor({ algorithm, secret })).toEqual([algorithm]);
    const k = Buffer.from(secret).toString("base64url");
    expect(await algorithmsFor({ jwk: { kty: "oct", k, alg: algorithm } })).toEqual([algorithm]);
    await expect(algorithmsFor({ algorithm, secret: secret.slice(1) })).rejects.toThrow(
      `key_weak: keys[0] has ${bytes - 1} bytes; ${algorithm} needs a random secret of at least ${bytes}`,
    );
  });

  it.each<[string, StaticKey, string]>([
    ["an RSA key under 2,048 bits", { algorithm: "RS256", publicKeyPem: SHORT_RSA.publicKeyPem }, "key_weak"],
    ["a JSON RSA key under 2,048 bits", { jwk: { ...SHORT_RSA.jwk, alg: "PS256" } }, "key_weak"],
    ["a public key given as a secret", { algorithm: "HS256", secret: RSA.publicKeyPem }, "publicKeyPem"],
    ["the same after white space", { algorithm: "HS256", secret: `\n${RSA.publicKeyPem}` }, "publicKeyPem"],
    ["the same as bytes", { algorithm: "HS256", secret: Buffer.from(RSA.publicKeyPem) }, "publicKeyPem"],
    ["a private PEM", { algorithm: "RS256", publicKeyPem: RSA.privateKeyPem }, "private key"],
    ["a private JSON Web Key", { jwk: { ...P256.privateJwk } }, "private key"],
    [
      "a key of another curve",
      { algorithm: "ES256", publicKeyPem: P384.publicKeyPem },
      "not a valid public key for ES256",
    ],
    [
      "a key of another type",
      { algorithm: "RS256", publicKeyPem: P256.publicKeyPem },
      "not a valid public key for RS256",
    ],
    [
      "a PEM of another form",
      { algorithm: "RS256", publicKeyPem: "-----BEGIN RSA PUBLIC KEY-----\n" },
      "pkey -pubout",
    ],
    [
      "a damaged PEM",
      { algorithm: "ES256", publicKeyPem: P256.publicKeyPem.replace("M", "*") },
      "not a valid public key",
    ],
    ["an RSA JSON Web Key without alg", { jwk: RSA.jwk }, 'must say in "alg"'],
    ["an oct JSON Web Key without alg", { jwk: { kty: "oct", k: "A".repeat(86) } }, 'must say in "alg"'],
    ["an oct JSON Web Key without a secret", { jwk: { kty: "oct", alg: "HS256" } }, "base64url"],
    ["a JSON Web Key whose alg contradicts its curve", { jwk: { ...P256.jwk, alg: "ES384" } }, "key_invalid"],
    ["a JSON Web Key for encryption", { jwk: { ...P256.jwk, use: "enc" } }, '"use"'],
    ["a JSON Web Key that may only sign", { jwk: { ...P256.jwk, key_ops: ["sign"] } }, '"key_ops"'],
    [
      "a JSON Web Key of an unknown type",
      { jwk: { kty: "AKP", alg: "ML-DSA-44", pub: "AA" } },
      "no algorithm known here",
    ],
    [
      "a JSON Web Key off its curve",
      { jwk: { ...P256.jwk, x: "A".repeat(43) } },
      "not a valid key for ES256",
    ],
    ["a key without a usable name", { kid: "", algorithm: "HS256", secret: SECRET }, "kid"],
    ["a JSON Web Key with a name that is no string", { jwk: { ...P256.jwk, kid: 7 } }, "kid"],
    [
      "an algorithm for another kind of key",
      untyped({ algorithm: "RS256", secret: SECRET }),
      "needs a public key",
    ],
    [
      "a secret's algorithm for a public key",
      untyped({ algorithm: "HS256", publicKeyPem: RSA.publicKeyPem }),
      "needs a secret",
    ],
    ["the algorithm none", untyped({ algorithm: "none", secret: SECRET }), "no algorithm known here"],
    ["an absent JSON Web Key", untyped({ jwk: null }), "JSON object"],
  ])("refuses %s", async (_name, key, reason) => {
    const error: unknown = await importStaticKeys([key], ALL).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AuthError);
    expect(String(error)).toContain(reason);
  });

  it("refuses a key for an algorithm that is not pinned, and says which key", async () => {
    const keys: readonly StaticKey[] = [
      { algorithm: "HS256", secret: SECRET },
      { algorithm: "ES256", publicKeyPem: P256.publicKeyPem },
    ];
    await expect(importStaticKeys(keys, new Set(["HS256"]))).rejects.toThrow(
      "algorithms_invalid: keys[1] is for ES256, which algorithms does not list",
    );
  });

  it("repeats no secret in what it refuses", async () => {
    const secret = "hunter2 hunter2";
    const error: unknown = await importStaticKeys([{ algorithm: "HS256", secret }], ALL).catch(
      (caught) => caught,
    );
    expect(JSON.stringify([String(error), error instanceof Error && error.stack])).not.toContain("hunter2");
  });
});
