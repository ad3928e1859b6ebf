import { GrantSet } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { type Algorithm, HMAC_ALGORITHMS, PUBLIC_KEY_ALGORITHMS } from "./algorithms.ts";
import { mintToken, type TokenClaims } from "./mint-token.ts";
import { sameSubject } from "./same-subject.ts";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";
import { forge, identityOf, NOW_MS, NOW_SECONDS, newTestKey, outcomeOf, SECRET } from "./tokens.fixture.ts";
import type { Identity } from "./verification.ts";
import type { TokenVerifierOptions } from "./verifier-options.ts";

const HMAC_KEY = { algorithm: "HS256", secret: SECRET } as const;
const CLAIMS: TokenClaims = { sub: "alice", expiresInSeconds: 60 };

function hmacVerifier(options: Partial<TokenVerifierOptions> = {}): Promise<TokenVerifier> {
  return createTokenVerifier({ algorithms: ["HS256"], keys: [HMAC_KEY], now: () => NOW_MS, ...options });
}

function mint(claims: Partial<TokenClaims> = {}): Promise<string> {
  return mintToken({ ...CLAIMS, ...claims }, HMAC_KEY, NOW_MS);
}

async function identify(
  claims: Partial<TokenClaims>,
  options: Partial<TokenVerifierOptions> = {},
): Promise<Identity> {
  return identityOf(await (await hmacVerifier(options)).verify(await mint(claims)));
}

describe("every algorithm", () => {
  it.each(HMAC_ALGORITHMS)(
    "%s is verified with its secret and with no other algorithm",
    async (algorithm) => {
      const keys = HMAC_ALGORITHMS.map((name) => ({ algorithm: name, secret: SECRET }));
      const pinned = await createTokenVerifier({
        algorithms: [algorithm],
        keys: [{ algorithm, secret: SECRET }],
      });
      for (const key of keys) {
        const verification = await pinned.verify(await mintToken(CLAIMS, key));
        expect(outcomeOf(verification)).toBe(key.algorithm === algorithm ? "accepted" : "token_algorithm");
      }
    },
  );

  it.each(PUBLIC_KEY_ALGORITHMS)("%s is verified with a PEM and with a JSON Web Key", async (algorithm) => {
    const { publicKeyPem, privateKeyPem, jwk } = newTestKey(algorithm);
    const token = await mintToken(CLAIMS, { algorithm, privateKey: privateKeyPem });
    const stranger = await mintToken(CLAIMS, { algorithm, privateKey: newTestKey(algorithm).privateKeyPem });
    for (const key of [{ algorithm, publicKeyPem }, { jwk: { ...jwk, alg: algorithm } }]) {
      const verifier = await createTokenVerifier({ algorithms: [algorithm], keys: [key] });
      expect(identityOf(await verifier.verify(token)).user).toBe("alice");
      expect(outcomeOf(await verifier.verify(stranger))).toBe("token_signature");
    }
  });

  it("is refused when not pinned, and the answer lists those that are", async () => {
    const algorithms: readonly Algorithm[] = ["HS256", "HS512"];
    const keys = [HMAC_KEY, { algorithm: "HS512", secret: SECRET } as const];
    const verifier = await createTokenVerifier({ algorithms, keys });
    const token = await mintToken(CLAIMS, { algorithm: "HS384", secret: SECRET });
    expect(await verifier.verify(token)).toEqual({
      ok: false,
      failure: "token_algorithm",
      message: "The token's algorithm is not accepted here. Sign it with one of: HS256, HS512.",
    });
  });
});

describe("several keys", () => {
  const next = { kid: "next", algorithm: "HS256", secret: `next ${SECRET}` } as const;
  const last = { kid: "last", algorithm: "HS256", secret: `last ${SECRET}` } as const;

  it("are all tried for a token that names none, so that keys can be rotated without names", async () => {
    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [next, last] });
    for (const { secret } of [next, last]) {
      const token = await mintToken(CLAIMS, { algorithm: "HS256", secret });
      expect(outcomeOf(await verifier.verify(token))).toBe("accepted");
    }
  });

  it("are told apart by name, and a name is binding", async () => {
    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [next, last] });
    expect(outcomeOf(await verifier.verify(await mintToken(CLAIMS, last)))).toBe("accepted");
    const misnamed = await mintToken(CLAIMS, { ...last, kid: "next" });
    expect(outcomeOf(await verifier.verify(misnamed))).toBe("token_signature");
  });

  it("without a name serve tokens that carry one of the issuer's own", async () => {
    const verifier = await createTokenVerifier({ algorithms: ["HS256"], keys: [HMAC_KEY] });
    const token = await mintToken(CLAIMS, { ...HMAC_KEY, kid: "2026-01" });
    expect(outcomeOf(await verifier.verify(token))).toBe("accepted");
  });
});

describe("the identity", () => {
  it("says who, until when and since when", async () => {
    expect(await identify({})).toMatchObject({
      user: "alice",
      expiresAt: NOW_MS + 60_000,
      issuedAt: NOW_MS,
      claims: undefined,
    });
  });

  it("tells the expiry of a token within its leeway as it is written, in the past", async () => {
    expect((await identify({ expiresInSeconds: -3 })).expiresAt).toBe(NOW_MS - 3_000);
  });

  it("keeps fractions of a second", async () => {
    const token = forge({ alg: "HS256" }, { sub: "alice", exp: NOW_SECONDS + 0.25 });
    const verifier = await hmacVerifier({ leewayMs: 0 });
    expect(identityOf(await verifier.verify(token))).toMatchObject({
      expiresAt: NOW_MS + 250,
      issuedAt: undefined,
    });
  });

  it("takes the user and the grants from the claims the configuration names", async () => {
    const extra = { "https://app.example/user": "u-7", permissions: { subscribe: ["chat.{sub}"] } };
    const options = { userClaim: "https://app.example/user", grantsClaim: "permissions" };
    const { user, grants } = await identify({ extra, grants: { publish: [">"] } }, options);
    expect(user).toBe("u-7");
    expect(grants.allows("subscribe", "chat.u-7", user)).toBe(true);
    expect(grants.allows("publish", "chat.u-7", user)).toBe(false);
  });

  it("takes no inherited member for a claim", async () => {
    const verifier = await hmacVerifier({ userClaim: "constructor", grantsClaim: "toString" });
    expect(await verifier.verify(await mint())).toMatchObject({ failure: "token_claims" });
  });

  it("carries the chosen claims as JSON", async () => {
    const extra = { roles: ["mod"], org: "acme", email: "alice@example.org" };
    expect((await identify({ extra }, { forwardClaims: ["org", "roles"] })).claims).toBe(
      '{"org":"acme","roles":["mod"]}',
    );
  });

  it("is refused if the chosen claims are too long to travel with every message", async () => {
    const verifier = await hmacVerifier({ forwardClaims: ["blob"] });
    const verification = await verifier.verify(await mint({ extra: { blob: "x".repeat(4_100) } }));
    expect(verification).toMatchObject({
      failure: "token_claims",
      message: expect.stringContaining("4096 bytes"),
    });
  });
});

describe("grants", () => {
  it("allow nothing if the token has none", async () => {
    expect((await identify({})).grants).toBe(GrantSet.none);
  });

  it("are the same object for all tokens that carry the same", async () => {
    const verifier = await hmacVerifier();
    const grants = { subscribe: ["chat.>"], publish: ["chat.{sub}"] };
    const alice = identityOf(await verifier.verify(await mint({ grants })));
    const bob = identityOf(await verifier.verify(await mint({ sub: "bob", grants })));
    expect(bob.grants).toBe(alice.grants);
    expect(alice.grants.allows("publish", "chat.alice", alice.user)).toBe(true);
    expect(bob.grants.allows("publish", "chat.alice", bob.user)).toBe(false);
  });

  it("that are malformed fail the token, and the answer names the pattern", async () => {
    const verifier = await hmacVerifier();
    const token = await mint({ grants: { subscribe: ["chat.ok", "chat..lobby"] } });
    expect(await verifier.verify(token)).toMatchObject({
      failure: "token_claims",
      message: expect.stringContaining("chat..lobby"),
    });
  });
});

describe("time limits", () => {
  it("follow the clock on every call", async () => {
    let now = NOW_MS;
    const verifier = await hmacVerifier({ now: () => now, leewayMs: 0 });
    const token = await mint();
    now += 59_999;
    expect(outcomeOf(await verifier.verify(token))).toBe("accepted");
    now += 1;
    expect(outcomeOf(await verifier.verify(token))).toBe("token_expired");
  });

  it("refuse tokens that live too long, leeway included", async () => {
    const verifier = await hmacVerifier({ maxLifetimeMs: 3_600_000 });
    expect(outcomeOf(await verifier.verify(await mint({ expiresInSeconds: 3_605 })))).toBe("accepted");
    expect(await verifier.verify(await mint({ expiresInSeconds: 3_606 }))).toMatchObject({
      failure: "token_claims",
      message: expect.stringContaining("3600 s"),
    });
  });
});

describe("issuer and audience", () => {
  it("are not asked for unless configured", async () => {
    expect((await identify({ issuer: "anyone", audience: "anything" })).user).toBe("alice");
  });

  it("may each be one of a list", async () => {
    const verifier = await hmacVerifier({ issuer: ["a", "b"], audience: ["x", "y"] });
    expect(outcomeOf(await verifier.verify(await mint({ issuer: "b", audience: ["z", "y"] })))).toBe(
      "accepted",
    );
    expect(outcomeOf(await verifier.verify(await mint({ issuer: "c", audience: "x" })))).toBe("token_issuer");
    expect(outcomeOf(await verifier.verify(await mint({ issuer: "a", audience: "z" })))).toBe(
      "token_audience",
    );
  });

  it("are not given away by the refusal", async () => {
    const verifier = await hmacVerifier({
      issuer: "https://secret-issuer.example",
      audience: "secret-audience",
    });
    for (const claims of [{}, { issuer: "https://secret-issuer.example" }]) {
      const verification = await verifier.verify(await mint(claims));
      expect(verification.ok).toBe(false);
      expect(JSON.stringify(verification)).not.toContain("secret-");
    }
  });
});

describe("sameSubject", () => {
  it("lets a refresh change everything but the user", async () => {
    const verifier = await hmacVerifier();
    const current = identityOf(await verifier.verify(await mint()));
    const renewed = identityOf(
      await verifier.verify(await mint({ expiresInSeconds: 90, grants: { subscribe: [">"] } })),
    );
    const other = identityOf(await verifier.verify(await mint({ sub: "Alice" })));
    expect(sameSubject(current, renewed)).toBe(true);
    expect(sameSubject(current, other)).toBe(false);
  });
});

describe("status", () => {
  it("counts the configured keys and knows of no key set", async () => {
    const verifier = await hmacVerifier();
    expect(verifier.status).toEqual({ staticKeys: 1, keySet: undefined });
    verifier.close();
    expect(outcomeOf(await verifier.verify(await mint()))).toBe("accepted");
  });
});
