import { decodeJwt, decodeProtectedHeader, importPKCS8 } from "jose";
import { describe, expect, it } from "vitest";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier } from "./token-verifier.ts";
import { identityOf, NOW_MS, NOW_SECONDS, newTestKey, SECRET } from "./tokens.fixture.ts";

describe("mintToken", () => {
  it("writes the claims under their registered names", async () => {
    const token = await mintToken(
      {
        sub: "alice",
        grants: { subscribe: ["chat.>"] },
        expiresInSeconds: 60,
        issuer: "https://id.example",
        audience: ["a", "b"],
        extra: { org: "acme", sub: "mallory", exp: 1 },
      },
      { kid: "k1", algorithm: "HS512", secret: SECRET },
      NOW_MS,
    );
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS512", typ: "JWT", kid: "k1" });
    expect(decodeJwt(token)).toEqual({
      sub: "alice",
      grants: { subscribe: ["chat.>"] },
      iat: NOW_SECONDS,
      exp: NOW_SECONDS + 60,
      iss: "https://id.example",
      aud: ["a", "b"],
      org: "acme",
    });
  });

  it("leaves out what it is not given", async () => {
    const token = await mintToken(
      { sub: "alice", expiresInSeconds: 60 },
      { algorithm: "HS256", secret: SECRET },
      NOW_MS,
    );
    expect(decodeJwt(token)).toEqual({ sub: "alice", iat: NOW_SECONDS, exp: NOW_SECONDS + 60 });
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" });
  });

  it("signs with a private key as PEM or imported", async () => {
    const { publicKeyPem, privateKeyPem } = newTestKey("ES256");
    const verifier = await createTokenVerifier({
      algorithms: ["ES256"],
      keys: [{ algorithm: "ES256", publicKeyPem }],
    });
    for (const privateKey of [privateKeyPem, await importPKCS8(privateKeyPem, "ES256")]) {
      const token = await mintToken(
        { sub: "alice", expiresInSeconds: 60 },
        { algorithm: "ES256", privateKey },
      );
      expect(identityOf(await verifier.verify(token)).user).toBe("alice");
    }
  });

  it("refuses a lifetime that is no number", async () => {
    const key = { algorithm: "HS256", secret: SECRET } as const;
    await expect(mintToken({ sub: "alice", expiresInSeconds: Number.NaN }, key)).rejects.toThrow(TypeError);
  });
});
