import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { compactVerify, importSPKI } from "jose";
import { describe, expect, it } from "vitest";
import { HMAC_ALGORITHMS } from "./algorithms.ts";
import { readCompactToken } from "./compact-token.ts";
import { HmacSecret } from "./hmac-secret.ts";
import { mintToken } from "./mint-token.ts";
import { signatureMatches } from "./signature.ts";
import { forge, newTestKey, SECRET } from "./tokens.fixture.ts";

const KEY = createSecretKey(Buffer.from(SECRET));
const HS256 = new HmacSecret("HS256", Buffer.from(SECRET));

describe("signatureMatches for HMAC", () => {
  it("agrees with jose about every token, sound or changed", async () => {
    const change = fc.record({ at: fc.nat(), with: fc.constantFrom(..."AQgwz_-") });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...HMAC_ALGORITHMS),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.option(change, { nil: undefined }),
        async (algorithm, payload, changed) => {
          let text = forge({ alg: algorithm }, payload, SECRET, algorithm);
          if (changed !== undefined) {
            const at = text.indexOf(".") + 1 + (changed.at % (text.length - text.indexOf(".") - 1));
            text = text.slice(0, at) + (text[at] === "." ? "." : changed.with) + text.slice(at + 1);
          }
          const token = readCompactToken(text, 100_000);
          fc.pre(token.ok);
          const josesOpinion = await compactVerify(text, KEY, { algorithms: [algorithm] }).then(
            () => true,
            () => false,
          );
          const secret = new HmacSecret(algorithm, Buffer.from(SECRET));
          expect(signatureMatches(token, { kind: "hmac", algorithm, secret })).toBe(josesOpinion);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("refuses a signature that is right but for its length", () => {
    const text = forge({ alg: "HS256" }, { sub: "alice" });
    const head = text.slice(0, text.lastIndexOf(".") + 1);
    const signature = Buffer.from(text.slice(head.length), "base64url");
    for (const bytes of [
      Buffer.alloc(0),
      signature.subarray(0, 31),
      Buffer.concat([signature, Buffer.alloc(1)]),
    ]) {
      const token = readCompactToken(head + bytes.toString("base64url"), 1_000);
      expect(token.ok && signatureMatches(token, { kind: "hmac", algorithm: "HS256", secret: HS256 })).toBe(
        false,
      );
    }
  });
});

describe("signatureMatches for public keys", () => {
  it("matches under the key's own algorithm only, even where another name means the same", async () => {
    const { publicKeyPem, privateKeyPem } = newTestKey("EdDSA");
    const key = await importSPKI(publicKeyPem, "EdDSA");
    for (const algorithm of ["EdDSA", "Ed25519"] as const) {
      const text = await mintToken(
        { sub: "alice", expiresInSeconds: 60 },
        { algorithm, privateKey: privateKeyPem },
      );
      const token = readCompactToken(text, 1_000);
      const matches =
        token.ok && (await signatureMatches(token, { kind: "public", algorithm: "EdDSA", key }));
      expect(matches).toBe(algorithm === "EdDSA");
    }
  });
});
