import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HMAC_ALGORITHMS, HMAC_HASHES } from "./algorithms.ts";
import { HmacSecret } from "./hmac-secret.ts";

const ascii = fc.string({ unit: "binary-ascii", maxLength: 5_000 });

describe("HmacSecret", () => {
  it("agrees with createHmac, whatever the lengths of secret and text", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...HMAC_ALGORITHMS),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(ascii, { minLength: 1, maxLength: 4 }),
        (algorithm, key, texts) => {
          const secret = new HmacSecret(algorithm, key);
          for (const text of texts) {
            const right = createHmac(HMAC_HASHES[algorithm].hash, key).update(text).digest("base64url");
            expect(secret.signed(text, right)).toBe(true);
            expect(secret.signed(`${text}x`, right)).toBe(false);
          }
        },
      ),
    );
  });

  it("refuses a signature with any bit changed, and one that is cut or longer", () => {
    const secret = new HmacSecret("HS256", Buffer.from("secret"));
    const right = createHmac("sha256", "secret").update("text").digest();
    for (let bit = 0; bit < right.length * 8; bit += 1) {
      const wrong = Buffer.from(right);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(secret.signed("text", wrong.toString("base64url"))).toBe(false);
    }
    for (const wrong of [
      right.subarray(1),
      right.subarray(0, 31),
      Buffer.concat([right, right.subarray(0, 1)]),
    ]) {
      expect(secret.signed("text", wrong.toString("base64url"))).toBe(false);
    }
    expect(secret.signed("text", "")).toBe(false);
    expect(secret.signed("text", right.toString("base64url"))).toBe(true);
  });
});
