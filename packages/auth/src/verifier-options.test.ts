import { describe, expect, it } from "vitest";
import type { Algorithm } from "./algorithms.ts";
import { AuthError } from "./auth-error.ts";
import { createTokenVerifier } from "./token-verifier.ts";
import { newTestKey, SECRET } from "./tokens.fixture.ts";
import { resolveVerifierOptions, type TokenVerifierOptions } from "./verifier-options.ts";

const SOUND: TokenVerifierOptions = { algorithms: ["HS256"], keys: [{ algorithm: "HS256", secret: SECRET }] };
const URL_OPTION = { url: "https://id.example/keys" };

describe("resolveVerifierOptions", () => {
  it("fills in the defaults", () => {
    const resolved = resolveVerifierOptions({ ...SOUND, jwks: URL_OPTION });
    expect(resolved).toMatchObject({
      maxTokenBytes: 8_192,
      claims: {
        leewayMs: 5_000,
        maxLifetimeMs: Number.POSITIVE_INFINITY,
        grantsClaim: "grants",
        userClaim: "sub",
      },
      jwks: {
        cacheMs: 600_000,
        cooldownMs: 10_000,
        timeoutMs: 5_000,
        maxBytes: 262_144,
        maxKeys: 32,
        staleMs: 86_400_000,
      },
    });
    expect(resolved.claims.issuers).toBeUndefined();
    expect(resolved.claims.audiences).toBeUndefined();
  });

  it("shortens the default cooldown to a short cache time", () => {
    expect(
      resolveVerifierOptions({ ...SOUND, jwks: { ...URL_OPTION, cacheMs: 2_000 } }).jwks?.cooldownMs,
    ).toBe(2_000);
  });

  it.each<[string, Partial<Record<keyof TokenVerifierOptions, unknown>>, string]>([
    ["no algorithms", { algorithms: [] }, "algorithms_invalid"],
    ["absent algorithms", { algorithms: undefined }, "algorithms_invalid"],
    ["none", { algorithms: ["none"] }, "algorithms_invalid"],
    ["none among others, in any case", { algorithms: ["HS256", "nOnE"] }, "algorithms_invalid"],
    ["an algorithm in another case", { algorithms: ["hs256"] }, "algorithms_invalid"],
    ["an algorithm for encryption", { algorithms: ["RSA-OAEP"] }, "algorithms_invalid"],
    ["an algorithm twice", { algorithms: ["HS256", "HS256"] }, "algorithms_invalid"],
    ["neither keys nor a key set", { keys: [] }, "keys_missing"],
    ["too many keys", { keys: Array.from({ length: 101 }, () => SOUND.keys?.[0]) }, "option_invalid: keys"],
    ["a key set over plain http", { jwks: { url: "http://id.example/keys" } }, "key_set_invalid"],
    ["an empty issuer", { issuer: "" }, "option_invalid: issuer"],
    ["an empty list of audiences", { audience: [] }, "option_invalid: audience"],
    ["an audience that is no string", { audience: ["a", 7] }, "option_invalid: audience"],
    ["a negative leeway", { leewayMs: -1 }, "option_invalid: leewayMs"],
    ["a leeway over a minute", { leewayMs: 60_001 }, "option_invalid: leewayMs"],
    ["a leeway that is no number", { leewayMs: Number.NaN }, "option_invalid: leewayMs"],
    ["a token limit over 64 KiB", { maxTokenBytes: 65_537 }, "option_invalid: maxTokenBytes"],
    ["a lifetime under a second", { maxLifetimeMs: 999 }, "option_invalid: maxLifetimeMs"],
    ["an empty claim name", { userClaim: "" }, "option_invalid: userClaim"],
    [
      "too many forwarded claims",
      { forwardClaims: Array.from({ length: 33 }, String) },
      "option_invalid: forwardClaims",
    ],
    ["a forwarded claim twice", { forwardClaims: ["org", "org"] }, "option_invalid: forwardClaims"],
    [
      "a cooldown longer than the cache",
      { jwks: { ...URL_OPTION, cacheMs: 5_000, cooldownMs: 5_001 } },
      "jwks.cooldownMs",
    ],
    ["no cooldown", { jwks: { ...URL_OPTION, cooldownMs: 0 } }, "jwks.cooldownMs"],
    ["an endless cache", { jwks: { ...URL_OPTION, cacheMs: Number.POSITIVE_INFINITY } }, "jwks.cacheMs"],
  ])("refuses %s", (_name, changed, reason) => {
    const options = { ...SOUND, ...changed } as TokenVerifierOptions;
    expect(() => resolveVerifierOptions(options)).toThrow(AuthError);
    expect(() => resolveVerifierOptions(options)).toThrow(reason);
  });
});

describe("createTokenVerifier", () => {
  it.each<[string, readonly Algorithm[], string]>([
    ["no key is for", ["HS256", "RS256"], "lists RS256, but no key is for it"],
    ["another HMAC length would serve", ["HS256", "HS384"], "lists HS384, but no key is for it"],
  ])("refuses an algorithm that %s", async (_name, algorithms, reason) => {
    await expect(createTokenVerifier({ ...SOUND, algorithms })).rejects.toThrow(reason);
  });

  it("refuses to expect HMAC secrets from a key set, before fetching it", async () => {
    const options: TokenVerifierOptions = {
      algorithms: ["ES256", "HS256"],
      jwks: URL_OPTION,
      fetch: () => expect.unreachable("fetched"),
    };
    await expect(createTokenVerifier(options)).rejects.toThrow("a key set never brings HMAC secrets");
  });

  it("imports the keys before it accepts any token", async () => {
    const options: TokenVerifierOptions = {
      algorithms: ["ES256"],
      keys: [{ algorithm: "ES256", publicKeyPem: newTestKey("ES384").publicKeyPem }],
    };
    await expect(createTokenVerifier(options)).rejects.toMatchObject({ code: "key_invalid" });
  });
});
