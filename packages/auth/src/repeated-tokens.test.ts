import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KeySetServer, startKeySetServer } from "./key-set-server.fixture.ts";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";
import { forge, NOW_MS, NOW_SECONDS, newTestKey, outcomeOf, SECRET } from "./tokens.fixture.ts";
import type { TokenVerifierOptions } from "./verifier-options.ts";

const KEY = newTestKey("ES256");
const OTHER = newTestKey("ES256");
const FIXED = { algorithm: "ES256", publicKeyPem: KEY.publicKeyPem } as const;
const CACHE_MS = 600_000;

let now = NOW_MS;
const verifiers: TokenVerifier[] = [];

beforeEach(() => {
  now = NOW_MS;
});

afterEach(() => {
  for (const verifier of verifiers.splice(0)) {
    verifier.close();
  }
});

async function verifierWith(options: Partial<TokenVerifierOptions>): Promise<TokenVerifier> {
  const verifier = await createTokenVerifier({ algorithms: ["ES256"], now: () => now, ...options });
  verifiers.push(verifier);
  return verifier;
}

function tokenBy(key = KEY, expiresInSeconds = 86_400): Promise<string> {
  const signer = { algorithm: "ES256", privateKey: key.privateKeyPem } as const;
  return mintToken({ sub: "alice", expiresInSeconds }, signer, NOW_MS);
}

/** `remembered` if the verifier did not have to look at the signature. */
async function outcome(verifier: TokenVerifier, token: string): Promise<string> {
  const verification = verifier.verify(token);
  const is = outcomeOf(await verification);
  return is === "accepted" && !(verification instanceof Promise) ? "remembered" : is;
}

describe("a token that comes again", () => {
  it("is answered on the spot, with the same identity", async () => {
    const verifier = await verifierWith({ keys: [FIXED] });
    const token = await tokenBy();
    const first = await verifier.verify(token);
    expect(outcomeOf(first)).toBe("accepted");
    expect(verifier.verify(token)).toStrictEqual(first);
  });

  it("is refused once it has expired, and nothing else changes when", async () => {
    const verifier = await verifierWith({ keys: [FIXED], leewayMs: 1_000 });
    const token = await tokenBy(KEY, 60);
    expect(await outcome(verifier, token)).toBe("accepted");
    now += 60_999;
    expect(await outcome(verifier, token)).toBe("remembered");
    now += 1;
    expect(await outcome(verifier, token)).toBe("token_expired");
  });

  it("is refused where a clock that was set back would have refused it", async () => {
    const verifier = await verifierWith({ keys: [FIXED], leewayMs: 0, maxLifetimeMs: 60_000 });
    const token = await tokenBy(KEY, 60);
    expect(await outcome(verifier, token)).toBe("accepted");
    now -= 1;
    expect(await outcome(verifier, token)).toBe("token_claims");
  });

  it("is verified anew if as much as its last character differs, and is then refused", async () => {
    const verifier = await verifierWith({ keys: [FIXED] });
    const token = await tokenBy();
    expect(await outcome(verifier, token)).toBe("accepted");
    const changed = token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
    expect(await outcome(verifier, changed)).toBe("token_signature");
    expect(await outcome(verifier, token)).toBe("remembered");
  });

  it("is refused again if it was refused", async () => {
    const verifier = await verifierWith({ keys: [FIXED] });
    const token = await tokenBy(OTHER);
    expect(await outcome(verifier, token)).toBe("token_signature");
    expect(await outcome(verifier, token)).toBe("token_signature");
  });

  it("of HMAC is always verified, on the spot", async () => {
    const secret = { algorithm: "HS256", secret: SECRET } as const;
    const verifier = await verifierWith({ algorithms: ["HS256"], keys: [secret] });
    const token = forge({ alg: "HS256" }, { sub: "alice", exp: NOW_SECONDS + 60 });
    expect(verifier.verify(token)).toMatchObject({ ok: true, identity: { user: "alice" } });
    expect(verifier.verify(`${token.slice(0, -2)}AA`)).toMatchObject({ failure: "token_signature" });
    expect(verifier.verify(token)).toMatchObject({ ok: true });
  });
});

describe("a token that comes again, with a key set", () => {
  let server: KeySetServer;

  beforeEach(async () => {
    server = await startKeySetServer();
    server.serve([{ ...KEY.jwk, alg: "ES256" }]);
  });

  afterEach(() => server.stop());

  const jwks = () => ({ url: server.url, cacheMs: CACHE_MS, cooldownMs: 10_000, staleMs: 3_600_000 });

  it("is refused when its key was withdrawn and the set is fetched again", async () => {
    const verifier = await verifierWith({ jwks: jwks() });
    const token = await tokenBy();
    expect(await outcome(verifier, token)).toBe("accepted");
    expect(await outcome(verifier, token)).toBe("remembered");
    server.serve([{ ...OTHER.jwk, alg: "ES256" }]);
    now += CACHE_MS;
    expect(await outcome(verifier, token)).toBe("token_signature");
  });

  it("is verified anew by a new set with the same keys, and then remembered with that", async () => {
    const verifier = await verifierWith({ jwks: jwks() });
    const token = await tokenBy();
    expect(await outcome(verifier, token)).toBe("accepted");
    now += CACHE_MS;
    expect(await outcome(verifier, token)).toBe("accepted");
    expect(await outcome(verifier, token)).toBe("remembered");
    expect(server.requests).toBe(2);
  });

  it("is good while the set is stale, and no longer", async () => {
    const verifier = await verifierWith({ jwks: jwks() });
    const token = await tokenBy();
    await verifier.verify(token);
    await server.stop();
    now += CACHE_MS;
    expect(await outcome(verifier, token)).toBe("accepted");
    expect(await outcome(verifier, token)).toBe("remembered");
    now += 3_600_000;
    expect(await outcome(verifier, token)).toBe("keys_unavailable");
  });
});
