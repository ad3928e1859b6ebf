import { describe, expect, test } from "vitest";
import { generateSecret, parseSigningSecret, parseVerifyingSecret, publicKeyOf } from "./webhook-secret.ts";

const BYTES_32 = Buffer.alloc(32, 7).toString("base64");

describe("a secret", () => {
  test("is generated in the form that is read, and never twice the same", () => {
    const symmetric = generateSecret("v1");
    expect(symmetric.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(symmetric.publicKey).toBeUndefined();
    expect(generateSecret("v1").secret).not.toBe(symmetric.secret);

    const { secret, publicKey } = generateSecret("v1a");
    expect(publicKeyOf(secret)).toBe(publicKey);
    expect(parseSigningSecret(secret).version).toBe("v1a");
    expect(parseVerifyingSecret(publicKey ?? "").version).toBe("v1a");
  });

  test("may have the version of its signature in front, and may be a seed alone", () => {
    expect(parseSigningSecret(`v1,whsec_${BYTES_32}`).version).toBe("v1");
    expect(parseSigningSecret(`v1a,whsk_${BYTES_32}`).version).toBe("v1a");
    expect(publicKeyOf(`whsk_${BYTES_32}`)).toMatch(/^whpk_/);
  });

  test.each([
    ["without a prefix", BYTES_32],
    ["empty", ""],
    ["with a prefix alone", "whsec_"],
    ["that is too short", `whsec_${Buffer.alloc(23).toString("base64")}`],
    ["that is too long", `whsec_${Buffer.alloc(65).toString("base64")}`],
    ["with a typing error", `whsec_*${BYTES_32.slice(1)}`],
    ["that lost its padding", `whsec_${BYTES_32.slice(0, -1)}`],
    ["of another alphabet", `whsec_${Buffer.alloc(32, 255).toString("base64url")}=`],
    ["with white space", `whsec_${BYTES_32} `],
    ["with a private key of a wrong length", `whsk_${Buffer.alloc(33).toString("base64")}`],
    ["whose halves do not belong together", `whsk_${Buffer.alloc(64, 7).toString("base64")}`],
    ["that only verifies", `whpk_${BYTES_32}`],
  ])("%s is refused without being repeated", (_name, secret) => {
    expect(() => parseSigningSecret(secret)).toThrow(expect.objectContaining({ code: "invalid" }));
    try {
      parseSigningSecret(secret);
    } catch (error) {
      expect(String(error)).not.toContain(BYTES_32.slice(2, 20));
    }
  });

  test.each([
    [`whsk_${BYTES_32}`, /half only/],
    [`whpk_${Buffer.alloc(31).toString("base64")}`, /32 bytes/],
    [BYTES_32, /begins with/],
  ])("that a receiver cannot use is refused: %#", (secret, words) => {
    expect(() => parseVerifyingSecret(secret)).toThrow(words);
  });
});
