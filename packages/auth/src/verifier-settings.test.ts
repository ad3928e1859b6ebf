import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier } from "./token-verifier.ts";
import { type VerifierSettings, verifierOptionsOf } from "./verifier-settings.ts";

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

function optionsOf(changed: Partial<VerifierSettings>, mode: "production" | "development" = "production") {
  const settings: VerifierSettings = {
    algorithms: ["ES256"],
    secret: undefined,
    keySetFile: undefined,
    keySetUrl: undefined,
    issuer: undefined,
    audience: undefined,
    userClaim: "sub",
    grantsClaim: "grants",
  };
  return verifierOptionsOf({ ...settings, ...changed }, mode);
}

async function accepts(changed: Partial<VerifierSettings>, token: string): Promise<string> {
  const verifier = await createTokenVerifier(optionsOf(changed));
  const verification = await verifier.verify(token);
  verifier.close();
  return verification.ok ? "accepted" : verification.failure;
}

const CLAIMS = { sub: "ada", expiresInSeconds: 60 };
const signedWithSecret = await mintToken(CLAIMS, { algorithm: "HS256", secret: SECRET });
const signedWithKey = await mintToken(CLAIMS, { algorithm: "ES256", privateKey: PRIVATE_PEM });
const signedWithKid = await mintToken(CLAIMS, { algorithm: "ES256", privateKey: PRIVATE_PEM, kid: "k1" });

describe("verifierOptionsOf", () => {
  it("uses the secret for every HS algorithm that is listed, and for no other", async () => {
    const algorithms = ["HS256", "HS512"];
    expect(await accepts({ algorithms, secret: SECRET }, signedWithSecret)).toBe("accepted");
    const { keys } = optionsOf({ algorithms: [...algorithms, "ES256"], secret: SECRET });
    expect(keys).toStrictEqual([
      { algorithm: "HS256", secret: SECRET },
      { algorithm: "HS512", secret: SECRET },
    ]);
  });

  it("knows no other algorithms", () => {
    expect(() => optionsOf({ algorithms: ["ES256", "none"] })).toThrow(
      "algorithms_invalid: auth.algorithms: none is none of HS256",
    );
  });

  it("reads a public key for the one algorithm that it can be for", async () => {
    const publicKeyFile = file("public.pem", PUBLIC_PEM);
    expect(await accepts({ publicKeyFile }, signedWithKey)).toBe("accepted");
    const two = { algorithms: ["ES256", "HS256"], secret: SECRET };
    expect(await accepts({ ...two, publicKeyFile }, signedWithKey)).toBe("accepted");
    for (const algorithms of [["HS256"], ["ES256", "RS256"]]) {
      expect(() => optionsOf({ algorithms, publicKeyFile, secret: SECRET })).toThrow(
        /key_invalid: auth\.publicKeyFile/,
      );
    }
  });

  it("reads a key set with and without key ids", async () => {
    const jwk = { ...pair.publicKey.export({ format: "jwk" }), alg: "ES256" };
    const withId = file("set.json", JSON.stringify({ keys: [{ ...jwk, kid: "k1" }] }));
    expect(await accepts({ keySetFile: withId }, signedWithKid)).toBe("accepted");
    const withoutId = file("anonymous-set.json", JSON.stringify({ keys: [jwk] }));
    expect(await accepts({ keySetFile: withoutId }, signedWithKey)).toBe("accepted");
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
    expect(() => optionsOf({ keySetFile })).toThrow(/key_invalid: auth\.keySetFile/);
  });

  it("does not tell what is in a key set that it cannot read, nor has a cause that does", () => {
    // Short enough for JSON.parse to quote all of it.
    const keySetFile = file("torn-set.json", '{"k":c2VjcmV0}');
    const read = (): unknown => {
      try {
        return optionsOf({ keySetFile });
      } catch (error) {
        return error;
      }
    };
    const told = inspect(read());
    expect(told).toContain("key_invalid: auth.keySetFile");
    expect(told).not.toContain("c2Vj");
  });

  it.each(["publicKeyFile", "keySetFile"])("says which file it cannot read: %s", (name) => {
    expect(() => optionsOf({ [name]: join(directory, "missing") })).toThrow(
      new RegExp(`key_invalid: auth\\.${name}: cannot read .*missing`),
    );
  });

  it("lets a key set be fetched by plain http in development alone", () => {
    const keySetUrl = "http://127.0.0.1/keys";
    expect(optionsOf({ keySetUrl }).jwks).toStrictEqual({ url: keySetUrl, allowInsecure: false });
    expect(optionsOf({ keySetUrl }, "development").jwks?.allowInsecure).toBe(true);
  });

  it("leaves out what there are no settings of", () => {
    const options = optionsOf({ secret: SECRET, algorithms: ["HS256"] });
    expect(Object.keys(options).sort()).toStrictEqual(["algorithms", "grantsClaim", "keys", "userClaim"]);
    expect(optionsOf({ issuer: ["a"], audience: ["b"] })).toMatchObject({ issuer: ["a"], audience: ["b"] });
  });
});
