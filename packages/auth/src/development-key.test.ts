import { describe, expect, it } from "vitest";
import { DEVELOPMENT_KEY, isDevelopmentKey, productionKeyProblems } from "./development-key.ts";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier } from "./token-verifier.ts";
import { identityOf, newTestKey, SECRET } from "./tokens.fixture.ts";

const DEVELOPMENT_BYTES = Buffer.from(DEVELOPMENT_KEY.secret);

describe("DEVELOPMENT_KEY", () => {
  it("signs and verifies", async () => {
    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [DEVELOPMENT_KEY] });
    const token = await mintToken({ sub: "alice", expiresInSeconds: 60 }, DEVELOPMENT_KEY);
    expect(identityOf(await verifier.verify(token)).user).toBe("alice");
  });

  it.each([
    ["as it is", DEVELOPMENT_KEY.secret],
    ["as bytes", new Uint8Array(DEVELOPMENT_BYTES)],
    ["in base64", DEVELOPMENT_BYTES.toString("base64")],
    ["in base64url", DEVELOPMENT_BYTES.toString("base64url")],
  ])("is recognised %s", (_name, secret) => {
    expect(isDevelopmentKey(secret)).toBe(true);
  });

  it("is not seen in other secrets", () => {
    expect(isDevelopmentKey(SECRET)).toBe(false);
    expect(isDevelopmentKey(`${DEVELOPMENT_KEY.secret}!`)).toBe(false);
    expect(isDevelopmentKey("")).toBe(false);
  });
});

describe("productionKeyProblems", () => {
  it("finds none in sound keys", () => {
    const problems = productionKeyProblems({
      keys: [
        { algorithm: "HS256", secret: SECRET },
        { algorithm: "HS256", secret: "0123456789abcdef".repeat(2) },
        { algorithm: "ES256", publicKeyPem: newTestKey("ES256").publicKeyPem },
        { jwk: newTestKey("ES256").jwk },
      ],
      jwks: { url: "https://id.example/keys" },
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ["a secret", { algorithm: "HS256", secret: DEVELOPMENT_KEY.secret }],
    ["a JSON Web Key", { jwk: { kty: "oct", alg: "HS256", k: DEVELOPMENT_BYTES.toString("base64url") } }],
  ] as const)("finds the development key in %s", (_name, key) => {
    expect(productionKeyProblems({ keys: [{ algorithm: "HS256", secret: SECRET }, key] })).toEqual([
      "keys[1] is the development key, which everyone knows",
    ]);
  });

  it("finds secrets that nobody drew at random", () => {
    const keys = [{ algorithm: "HS256", secret: "secret".repeat(10) } as const];
    expect(productionKeyProblems({ keys })).toEqual(["keys[0] repeats a few bytes; use a random secret"]);
  });

  it("finds a key set that anyone on the way can replace, even where that was allowed", () => {
    expect(productionKeyProblems({ jwks: { url: "http://id.example/keys", allowInsecure: true } })).toEqual([
      expect.stringContaining("plain http"),
    ]);
    expect(productionKeyProblems({ jwks: { url: "http://127.0.0.1/keys" } })).toEqual([]);
  });
});
