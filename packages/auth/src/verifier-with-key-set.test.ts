import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KeySetServer, startKeySetServer } from "./key-set-server.fixture.ts";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";
import { forge, NOW_MS, newTestKey, outcomeOf, SECRET, segment, type TestKey } from "./tokens.fixture.ts";
import type { TokenVerifierOptions } from "./verifier-options.ts";

const COOLDOWN_MS = 10_000;
const CACHE_MS = 600_000;
const STALE_MS = 3_600_000;

const OLD = newTestKey("ES256");
const NEW = newTestKey("ES256");
const STRANGER = newTestKey("ES256");

let server: KeySetServer;
let now = NOW_MS;
const verifiers: TokenVerifier[] = [];

beforeEach(async () => {
  now = NOW_MS;
  server = await startKeySetServer();
  server.serve([published("old", OLD)]);
});

afterEach(async () => {
  for (const verifier of verifiers.splice(0)) {
    verifier.close();
  }
  await server.stop();
});

function published(kid: string | undefined, key: TestKey): Record<string, unknown> {
  return { ...key.jwk, use: "sig", alg: "ES256", ...(kid === undefined ? {} : { kid }) };
}

/** Uses the fixed clock, and so long times that no background fetch happens on its own during a test. */
async function verifierWith(options: Partial<TokenVerifierOptions> = {}): Promise<TokenVerifier> {
  const verifier = await createTokenVerifier({
    algorithms: ["ES256"],
    jwks: { url: server.url, cacheMs: CACHE_MS, cooldownMs: COOLDOWN_MS, staleMs: STALE_MS },
    now: () => now,
    ...options,
  });
  verifiers.push(verifier);
  return verifier;
}

function tokenBy(key: TestKey, kid?: string): Promise<string> {
  const named = kid === undefined ? {} : { kid };
  const claims = { sub: "alice", expiresInSeconds: 86_400 };
  return mintToken(claims, { ...named, algorithm: "ES256", privateKey: key.privateKeyPem }, NOW_MS);
}

async function outcome(verifier: TokenVerifier, token: string): Promise<string> {
  return outcomeOf(await verifier.verify(token));
}

describe("a verifier with a key set", () => {
  it("fetches it once, before the first token, and verifies with it", async () => {
    const verifier = await verifierWith();
    expect(server.requests).toBe(1);
    expect(verifier.status).toMatchObject({ staticKeys: 0, keySet: { state: "fresh", keys: 1 } });
    expect(await outcome(verifier, await tokenBy(OLD, "old"))).toBe("accepted");
    expect(await outcome(verifier, await tokenBy(OLD))).toBe("accepted");
    expect(await outcome(verifier, await tokenBy(STRANGER, "old"))).toBe("token_signature");
    expect(server.requests).toBe(1);
  });

  it("follows a rotation as soon as a token names the new key", async () => {
    const verifier = await verifierWith();
    server.serve([published("old", OLD), published("new", NEW)]);
    now += COOLDOWN_MS;
    expect(await outcome(verifier, await tokenBy(NEW, "new"))).toBe("accepted");
    expect(await outcome(verifier, await tokenBy(OLD, "old"))).toBe("accepted");
    expect(server.requests).toBe(2);
  });

  it("follows a rotation of keys without names too", async () => {
    server.serve([published(undefined, OLD)]);
    const verifier = await verifierWith();
    server.serve([published(undefined, NEW)]);
    now += COOLDOWN_MS;
    expect(await outcome(verifier, await tokenBy(NEW))).toBe("accepted");
    expect(await outcome(verifier, await tokenBy(OLD))).toBe("token_signature");
  });

  it("drops a withdrawn key when the set is fetched again", async () => {
    const verifier = await verifierWith();
    server.serve([published("new", NEW)]);
    now += CACHE_MS;
    expect(await outcome(verifier, await tokenBy(OLD, "old"))).toBe("token_signature");
  });

  it("answers a storm of unknown key names with one fetch per cooldown", async () => {
    const verifier = await verifierWith();
    const storm = await Promise.all(
      Array.from({ length: 100 }, (_, index) => tokenBy(STRANGER, `unknown-${index}`)),
    );
    now += COOLDOWN_MS;
    const first = await Promise.all(storm.map((token) => outcome(verifier, token)));
    const second = await Promise.all(storm.map((token) => outcome(verifier, token)));
    expect(new Set([...first, ...second])).toEqual(new Set(["token_signature"]));
    expect(server.requests).toBe(2);
    now += COOLDOWN_MS;
    await Promise.all(storm.map((token) => outcome(verifier, token)));
    expect(server.requests).toBe(3);
  });

  it("does not fetch for a wrong signature under a known name", async () => {
    const verifier = await verifierWith();
    now += COOLDOWN_MS;
    expect(await outcome(verifier, await tokenBy(STRANGER, "old"))).toBe("token_signature");
    expect(server.requests).toBe(1);
  });

  it("does not fetch for what only its configured keys can decide", async () => {
    const fixed = { kid: "fixed", algorithm: "ES256", publicKeyPem: NEW.publicKeyPem } as const;
    const secret = { kid: "secret", algorithm: "HS256", secret: SECRET } as const;
    const verifier = await verifierWith({ algorithms: ["ES256", "HS256"], keys: [fixed, secret] });
    await server.stop();
    now += COOLDOWN_MS;
    const claims = { sub: "mallory", exp: NOW_MS / 1_000 + 60 };
    expect(await outcome(verifier, forge({ alg: "HS256", kid: "unknown" }, claims))).toBe("token_signature");
    expect(await outcome(verifier, await tokenBy(STRANGER, "fixed"))).toBe("token_signature");
    expect(verifier.status.keySet).toMatchObject({ fetches: 1 });
  });

  it("never takes an HMAC secret from it", async () => {
    server.serve([{ kty: "oct", k: segment(SECRET), alg: "HS256", kid: "shared" }, published("old", OLD)]);
    const own = { algorithm: "HS256", secret: `own ${SECRET}` } as const;
    const verifier = await verifierWith({ algorithms: ["HS256", "ES256"], keys: [own] });
    const claims = { sub: "alice", exp: NOW_MS / 1_000 + 60 };
    expect(await outcome(verifier, forge({ alg: "HS256", kid: "shared" }, claims, SECRET))).toBe(
      "token_signature",
    );
    expect(await outcome(verifier, forge({ alg: "HS256" }, claims, JSON.stringify(OLD.jwk)))).toBe(
      "token_signature",
    );
    expect(await outcome(verifier, forge({ alg: "HS256" }, claims, own.secret))).toBe("accepted");
    expect(verifier.status).toMatchObject({ staticKeys: 1, keySet: { keys: 1 } });
  });

  it("tries its configured keys first and needs no key set for them", async () => {
    await server.stop();
    const key = { kid: "fixed", algorithm: "ES256", publicKeyPem: NEW.publicKeyPem } as const;
    const verifier = await verifierWith({ keys: [key] });
    expect(await outcome(verifier, await tokenBy(NEW, "fixed"))).toBe("accepted");
    expect(await outcome(verifier, await tokenBy(OLD, "old"))).toBe("keys_unavailable");
  });
});

describe("a verifier whose key set cannot be fetched", () => {
  it("starts all the same, says so, and works as soon as the endpoint does", async () => {
    await server.stop();
    const verifier = await verifierWith();
    const token = await tokenBy(OLD, "old");
    expect(verifier.status.keySet).toMatchObject({
      state: "unreachable",
      failedFetches: 1,
      lastError: { code: "network", message: "ECONNREFUSED" },
    });
    expect(await verifier.verify(token)).toEqual({
      ok: false,
      failure: "keys_unavailable",
      message:
        "The keys that could verify the token cannot be fetched now. Try again later with the same token.",
    });
    await server.restart();
    expect(await outcome(verifier, token)).toBe("keys_unavailable");
    now += COOLDOWN_MS;
    expect(await outcome(verifier, token)).toBe("accepted");
    expect(verifier.status.keySet).toMatchObject({ state: "fresh", lastError: undefined });
  });

  it("goes on with the last good set until that is too old", async () => {
    const verifier = await verifierWith();
    const token = await tokenBy(OLD, "old");
    await server.stop();
    now += CACHE_MS;
    expect(await outcome(verifier, token)).toBe("accepted");
    expect(verifier.status.keySet).toMatchObject({ state: "stale", failedFetches: 1 });
    now += STALE_MS - 1;
    expect(await outcome(verifier, token)).toBe("accepted");
    now += 1;
    expect(await outcome(verifier, token)).toBe("keys_unavailable");
    expect(verifier.status.keySet).toMatchObject({ state: "unreachable" });
  });

  it("cannot tell whether an unknown name is a new key, and says that it may be asked again", async () => {
    const verifier = await verifierWith();
    await server.stop();
    now += COOLDOWN_MS;
    expect(await outcome(verifier, await tokenBy(NEW, "new"))).toBe("keys_unavailable");
    expect(await outcome(verifier, await tokenBy(STRANGER, "old"))).toBe("token_signature");
    await server.restart();
    server.serve([published("new", NEW)]);
    now += COOLDOWN_MS;
    expect(await outcome(verifier, await tokenBy(NEW, "new"))).toBe("accepted");
  });

  it.each<[string, Parameters<KeySetServer["answer"]>[0], string]>([
    ["is slow", () => {}, "timeout"],
    ["sends garbage", (_request, response) => response.end("<html>"), "malformed"],
    ["sends too much", (_request, response) => response.end(" ".repeat(300_000)), "too_large"],
    [
      "redirects",
      (_request, response) => response.writeHead(301, { location: "http://evil.example/" }).end(),
      "redirected",
    ],
    ["refuses", (_request, response) => response.writeHead(403).end(), "status"],
  ])("keeps the last good set when the endpoint %s", async (_name, handler, code) => {
    const jwks = { url: server.url, cacheMs: CACHE_MS, cooldownMs: COOLDOWN_MS, timeoutMs: 1_000 };
    const verifier = await verifierWith({ jwks });
    server.answer(handler);
    now += CACHE_MS;
    expect(await outcome(verifier, await tokenBy(OLD, "old"))).toBe("accepted");
    expect(verifier.status.keySet).toMatchObject({ state: "stale", lastError: { code } });
  });
});

describe("closing a verifier", () => {
  it("lets go of tokens that wait for the key set", async () => {
    await server.stop();
    const verifier = await verifierWith();
    await server.restart();
    const asked = new Promise<void>((resolve) => server.answer(() => resolve()));
    now += COOLDOWN_MS;
    const waiting = outcome(verifier, await tokenBy(OLD, "old"));
    await asked;
    verifier.close();
    expect(await waiting).toBe("keys_unavailable");
  });
});
