import { loadSettings } from "@tidegate/runtime";
import { describe, expect, it } from "vitest";
import { GATEWAY_SETTINGS, type GatewaySettings } from "./gateway-settings.ts";
import { verifierOptions } from "./verifier-options.ts";

const SECRET = "a secret of thirty-two bytes and more";

function settings(auth: object, more: object = {}): GatewaySettings {
  const loaded = loadSettings(GATEWAY_SETTINGS, {
    environment: {},
    fileText: JSON.stringify({ auth, ...more }),
  });
  if (!loaded.ok) {
    throw new TypeError(JSON.stringify(loaded.problems));
  }
  return loaded.settings;
}

describe("verifierOptions", () => {
  it("passes on how a key set is fetched, by plain http in development alone", () => {
    const url = "http://127.0.0.1/keys";
    const auth = { algorithms: ["ES256"], keySetUrl: url, keySetCacheMs: "1m", keySetCooldownMs: "2s" };
    const jwks = { url, cacheMs: 60_000, cooldownMs: 2_000, timeoutMs: 5_000 };
    expect(verifierOptions(settings(auth)).jwks).toStrictEqual({ ...jwks, allowInsecure: false });
    const development = settings(auth, { mode: "development" });
    expect(verifierOptions(development).jwks).toStrictEqual({ ...jwks, allowInsecure: true });
  });

  it("passes on what is checked and what is read", () => {
    const options = verifierOptions(
      settings(
        {
          algorithms: ["HS256"],
          secret: SECRET,
          issuer: ["a", "b"],
          audience: "c",
          leewayMs: "7s",
          userClaim: "uid",
          grantsClaim: "may",
          forwardClaims: ["role"],
        },
        { limits: { tokenBytes: "2KiB" } },
      ),
    );
    expect(options).toStrictEqual({
      algorithms: ["HS256"],
      keys: [{ algorithm: "HS256", secret: SECRET }],
      issuer: ["a", "b"],
      audience: ["c"],
      leewayMs: 7_000,
      maxTokenBytes: 2_048,
      userClaim: "uid",
      grantsClaim: "may",
      forwardClaims: ["role"],
    });
  });
});
