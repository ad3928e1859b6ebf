import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenVerifier, mintToken } from "@tidegate/auth";
import { loadSettings } from "@tidegate/runtime";
import { afterAll, describe, expect, it } from "vitest";
import { GATEWAY_SETTINGS, type GatewaySettings } from "./gateway-settings.ts";
import { verifierOptions } from "./verifier-options.ts";

const directory = mkdtempSync(join(tmpdir(), "tidegate-keys-"));
afterAll(() => rmSync(directory, { recursive: true }));

const SECRET = "a secret of sixty-four bytes and more, as long as HS512 wants to have";
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PRIVATE_PEM = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const PUBLIC_PEM = pair.publicKey.export({ type: "spki", format: "pem" }).toString();

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

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

async function accepts(auth: object, token: string): Promise<string> {
  const verifier = await createTokenVerifier(verifierOptions(settings(auth)));
  const verification = await verifier.verify(token);
  verifier.close();
  return verification.ok ? "accepted" : verification.failure;
}

const CLAIMS = { sub: "ada", expiresInSeconds: 60 };
const signedWithSecret = await mintToken(CLAIMS, { algorithm: "HS256", secret: SECRET });
const signedWithKey = await mintToken(CLAIMS, { algorithm: "ES256", privateKey: PRIVATE_PEM });
const signedWithKid = await mintToken(CLAIMS, { algorithm: "ES256", privateKey: PRIVATE_PEM, kid: "k1" });

describe("verifierOptions", () => {
  it("uses the secret for every HS algorithm that is listed, and for no other", async () => {
    expect(await accepts({ algorithms: ["HS256", "HS512"], secret: SECRET }, signedWithSecret)).toBe(
      "accepted",
    );
    const options = verifierOptions(settings({ algorithms: ["HS256", "HS512", "ES256"], secret: SECRET }));
    expect(options.keys).toStrictEqual([
      { algorithm: "HS256", secret: SECRET },
      { algorithm: "HS512", secret: SECRET },
    ]);
  });

  it("reads a public key for the one algorithm that it can be for", async () => {
    const publicKeyFile = file("public.pem", PUBLIC_PEM);
    expect(await accepts({ algorithms: ["ES256"], publicKeyFile }, signedWithKey)).toBe("accepted");
    expect(
      await accepts({ algorithms: ["ES256", "HS256"], publicKeyFile, secret: SECRET }, signedWithKey),
    ).toBe("accepted");
    for (const algorithms of [["HS256"], ["ES256", "RS256"]]) {
      expect(() => verifierOptions(settings({ algorithms, publicKeyFile, secret: SECRET }))).toThrow(
        /configuration_invalid: auth\.publicKeyFile/,
      );
    }
  });

  it("reads a key set with and without key ids", async () => {
    const jwk = { ...pair.publicKey.export({ format: "jwk" }), alg: "ES256" };
    const withId = file("set.json", JSON.stringify({ keys: [{ ...jwk, kid: "k1" }] }));
    expect(await accepts({ algorithms: ["ES256"], keySetFile: withId }, signedWithKid)).toBe("accepted");
    const withoutId = file("anonymous-set.json", JSON.stringify({ keys: [jwk] }));
    expect(await accepts({ algorithms: ["ES256"], keySetFile: withoutId }, signedWithKey)).toBe("accepted");
  });

  it.each([
    ["no JSON", "keys"],
    ["no object", "[]"],
    ["no keys", "{}"],
    ["keys that are no list", '{"keys":{}}'],
    ["a key that is no object", '{"keys":["k"]}'],
    ["null for a key", '{"keys":[null]}'],
  ])("refuses a key set with %s", (_what, content) => {
    const keySetFile = file("bad-set.json", content);
    expect(() => verifierOptions(settings({ algorithms: ["ES256"], keySetFile }))).toThrow(
      /configuration_invalid: auth\.keySetFile/,
    );
  });

  it.each(["publicKeyFile", "keySetFile"])("says which file it cannot read: %s", (name) => {
    const path = join(directory, "missing");
    expect(() => verifierOptions(settings({ algorithms: ["ES256"], [name]: path }))).toThrow(
      new RegExp(`configuration_invalid: auth\\.${name}: cannot read .*missing`),
    );
  });

  it("fetches a key set by plain http in development alone", () => {
    const auth = { algorithms: ["ES256"], keySetUrl: "http://127.0.0.1/keys" };
    expect(verifierOptions(settings(auth)).jwks?.allowInsecure).toBe(false);
    expect(verifierOptions(settings(auth, { mode: "development" })).jwks?.allowInsecure).toBe(true);
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
    expect(options).toMatchObject({
      issuer: ["a", "b"],
      audience: ["c"],
      leewayMs: 7_000,
      maxTokenBytes: 2_048,
      userClaim: "uid",
      grantsClaim: "may",
      forwardClaims: ["role"],
    });
    const plain = verifierOptions(settings({ algorithms: ["HS256"], secret: SECRET }));
    expect(plain).not.toHaveProperty("issuer");
    expect(plain).not.toHaveProperty("audience");
    expect(plain).not.toHaveProperty("jwks");
  });
});
