import { Buffer } from "node:buffer";
import fc from "fast-check";
import { CompactEncrypt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { mintToken } from "./mint-token.ts";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.ts";
import { forge, NOW_MS, NOW_SECONDS, newTestKey, outcomeOf, SECRET, segment } from "./tokens.fixture.ts";

const OTHER_SECRET = `other ${SECRET}`;
const HEADER = { alg: "HS256", typ: "JWT" };
const CLAIMS = { sub: "alice", iss: "https://id.example", aud: "tidegate", exp: NOW_SECONDS + 60 };
const RSA = newTestKey("RS256");
const EC = newTestKey("ES256");

/** Any UTF-16 at all, halves of surrogate pairs included. */
const utf16 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));

/** Pins a shared secret, an RSA and an EC key at once: the setting in which one can be passed off as another. */
let verifier: TokenVerifier;
let attempts: { readonly [name: string]: string } = {};

beforeAll(async () => {
  verifier = await createTokenVerifier({
    algorithms: ["HS256", "RS256", "ES256"],
    keys: [
      { kid: "hmac", algorithm: "HS256", secret: SECRET },
      { kid: "rsa", algorithm: "RS256", publicKeyPem: RSA.publicKeyPem },
      { kid: "ec", algorithm: "ES256", publicKeyPem: EC.publicKeyPem },
    ],
    issuer: "https://id.example",
    audience: ["tidegate", "tidegate-admin"],
    now: () => NOW_MS,
  });
  const attacker = await generateKeyPair("ES256", { extractable: true });
  attempts = {
    "signed with a key of its own, embedded as jwk": await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: "ES256", jwk: await exportJWK(attacker.publicKey) })
      .sign(attacker.privateKey),
    "signed with a key of its own, under a known kid": await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: "ES256", kid: "ec" })
      .sign(attacker.privateKey),
    "signed by RSA as PS256 instead of RS256": await mintToken(
      { sub: "alice", expiresInSeconds: 60, issuer: CLAIMS.iss, audience: CLAIMS.aud },
      { kid: "rsa", algorithm: "PS256", privateKey: RSA.privateKeyPem },
      NOW_MS,
    ),
    "encrypted to the RSA key": await new CompactEncrypt(Buffer.from(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: "RSA-OAEP", enc: "A256GCM" })
      .encrypt((await generateKeyPair("RSA-OAEP")).publicKey),
  };
});

function without(claim: keyof typeof CLAIMS): Record<string, unknown> {
  return Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim));
}

function signatureOf(token: string): string {
  return token.slice(token.lastIndexOf(".") + 1);
}

/** The signed part of a sound token with another header in front, and the sound signature kept. */
function reheaded(header: unknown): string {
  const [, payload, signature] = forge(HEADER, CLAIMS).split(".");
  return `${segment(header)}.${payload}.${signature}`;
}

async function outcome(token: string): Promise<string> {
  return outcomeOf(await verifier.verify(token));
}

describe("a sound token", () => {
  it("is accepted, or the refusals below would mean nothing", async () => {
    expect(await outcome(forge(HEADER, CLAIMS))).toBe("accepted");
  });
});

describe("a token whose header says how to be verified", () => {
  it.each([
    ["none", "none"],
    ["None", "None"],
    ["NONE", "NONE"],
    ["nOnE", "nOnE"],
    ["an empty name", ""],
    ["another case", "hs256"],
    ["white space", "HS256 "],
    ["an algorithm that is not pinned", "HS512"],
    ["another family that is not pinned", "EdDSA"],
    ["a list", ["HS256"]],
    ["an object", { toString: "HS256" }],
    ["a number", 256],
    ["null", null],
    ["the name of an object's member", "constructor"],
  ])("is refused with the algorithm %s, signed or not", async (_name, alg) => {
    const [header, payload] = forge({ ...HEADER, alg }, CLAIMS).split(".");
    expect(await outcome(forge({ ...HEADER, alg }, CLAIMS))).toBe("token_algorithm");
    expect(await outcome(`${header}.${payload}.`)).toBe("token_algorithm");
    expect(await outcome(reheaded({ ...HEADER, alg }))).toBe("token_algorithm");
  });

  it("is refused without an algorithm", async () => {
    expect(await outcome(forge({ typ: "JWT" }, CLAIMS))).toBe("token_algorithm");
  });

  it.each([
    ["a public RSA key as PEM", RSA.publicKeyPem],
    ["a public RSA key as PEM without its last line break", RSA.publicKeyPem.trim()],
    ["a public RSA key as JSON", JSON.stringify(RSA.jwk)],
    ["a public EC key as PEM", EC.publicKeyPem],
    ["an empty secret", ""],
  ])("is refused when %s served as the HMAC secret", async (_name, secret) => {
    for (const kid of [undefined, "hmac", "rsa", "ec"]) {
      expect(await outcome(forge({ ...HEADER, kid }, CLAIMS, secret))).toBe("token_signature");
    }
  });

  it.each(["RS256", "ES256", "HS256"])(
    "is refused when another pinned algorithm is swapped in: %s",
    async (alg) => {
      for (const kid of [undefined, "hmac", "rsa", "ec"]) {
        expect(await outcome(reheaded({ alg, kid, extra: true }))).toBe("token_signature");
        expect(await outcome(forge({ alg, kid }, CLAIMS, OTHER_SECRET))).toBe("token_signature");
      }
    },
  );

  it.each([
    ["crit", { crit: ["exp"] }, "token_malformed"],
    ["an empty crit", { crit: [] }, "token_malformed"],
    ["a critical b64", { crit: ["b64"], b64: true }, "token_malformed"],
    ["an unencoded payload", { crit: ["b64"], b64: false }, "token_malformed"],
    ["b64 alone", { b64: false }, "token_malformed"],
    ["enc", { enc: "A256GCM" }, "token_malformed"],
    ["zip", { zip: "DEF" }, "token_malformed"],
    ["a kid that is a number", { kid: 1 }, "token_malformed"],
    ["a kid that is a list", { kid: ["hmac"] }, "token_malformed"],
    ["a kid that is null", { kid: null }, "token_malformed"],
    ["an endless kid", { kid: "k".repeat(257) }, "token_malformed"],
    ["a kid with a path", { kid: "../../../../dev/null" }, "token_signature"],
    ["a kid with SQL", { kid: "x' UNION SELECT 'secret" }, "token_signature"],
    ["a kid with a command", { kid: "|cat /etc/passwd" }, "token_signature"],
    ["a kid with a NUL", { kid: "hmac\0" }, "token_signature"],
    ["a kid named like an object's member", { kid: "__proto__" }, "token_signature"],
    ["the kid of another algorithm", { kid: "rsa" }, "token_signature"],
  ])("is refused with %s, even signed with the right key", async (_name, header, failure) => {
    expect(await outcome(forge({ ...HEADER, ...header }, CLAIMS))).toBe(failure);
  });

  it.each([
    ["jku", { jku: "https://evil.example/keys" }],
    ["x5u", { x5u: "https://evil.example/cert" }],
    ["x5c", { x5c: [RSA.publicKeyPem] }],
    ["jwk", { jwk: { kty: "oct", k: segment(OTHER_SECRET) } }],
  ])("gets nothing by %s: the configured key still decides", async (_name, header) => {
    expect(await outcome(forge({ ...HEADER, ...header }, CLAIMS))).toBe("accepted");
    expect(await outcome(forge({ ...HEADER, ...header }, CLAIMS, OTHER_SECRET))).toBe("token_signature");
  });

  it.each([
    ["repeats alg", '{"alg":"none","alg":"HS256"}'],
    ["repeats alg with an escape", '{"alg":"HS256","\\u0061lg":"none"}'],
    ["is a list", "[]"],
    ["is a string", '"HS256"'],
    ["is no JSON", "{alg:HS256}"],
    ["begins with a byte order mark", '\ufeff{"alg":"HS256"}'],
  ])("is refused when the header %s", async (_name, header) => {
    expect(await outcome(forge(header, CLAIMS))).toBe("token_malformed");
  });

  it("may have any typ, or none", async () => {
    expect(await outcome(forge({ alg: "HS256" }, CLAIMS))).toBe("accepted");
    expect(await outcome(forge({ alg: "HS256", typ: "at+jwt" }, CLAIMS))).toBe("accepted");
  });
});

describe("a token with another signature", () => {
  it("is refused when signed with a key that is not configured", async () => {
    expect(await outcome(forge(HEADER, CLAIMS, OTHER_SECRET))).toBe("token_signature");
  });

  it("is refused when it carries the signature of another token", async () => {
    const other = signatureOf(forge(HEADER, { ...CLAIMS, sub: "mallory" }));
    expect(await outcome(`${segment(HEADER)}.${segment(CLAIMS)}.${other}`)).toBe("token_signature");
  });

  it("is refused when the signature is empty", async () => {
    expect(await outcome(`${segment(HEADER)}.${segment(CLAIMS)}.`)).toBe("token_signature");
  });

  it.each(["RS256", "ES256"])("is refused when the signature of %s is all zeros", async (alg) => {
    for (const bytes of [0, 32, 64, 256]) {
      const signature = Buffer.alloc(bytes).toString("base64url");
      expect(await outcome(`${segment({ alg })}.${segment(CLAIMS)}.${signature}`)).toBe("token_signature");
    }
  });

  it("gets the same answer for an unknown key name as for a wrong signature", async () => {
    const unknown = await verifier.verify(forge({ ...HEADER, kid: "unknown" }, CLAIMS, OTHER_SECRET));
    const wrong = await verifier.verify(forge({ ...HEADER, kid: "hmac" }, CLAIMS, OTHER_SECRET));
    expect(unknown).toEqual(wrong);
  });

  it("learns nothing about its claims", async () => {
    const expired = { ...CLAIMS, exp: NOW_SECONDS - 600, iss: "https://evil.example", grants: 7 };
    expect(await outcome(forge(HEADER, expired, OTHER_SECRET))).toBe("token_signature");
    expect(await outcome(forge(HEADER, "no json", OTHER_SECRET))).toBe("token_signature");
  });

  it.each([
    ["signed with a key of its own, embedded as jwk", "token_signature"],
    ["signed with a key of its own, under a known kid", "token_signature"],
    ["signed by RSA as PS256 instead of RS256", "token_algorithm"],
    ["encrypted to the RSA key", "token_malformed"],
  ])("is refused when %s", async (name, failure) => {
    expect(await outcome(attempts[name] ?? "")).toBe(failure);
  });
});

describe("a token that is signed but must not be accepted", () => {
  it.each<[string, unknown, string]>([
    ["expired", { ...CLAIMS, exp: NOW_SECONDS - 6 }, "token_expired"],
    ["expired, at the end of the leeway", { ...CLAIMS, exp: NOW_SECONDS - 5 }, "token_expired"],
    ["expired, within the leeway", { ...CLAIMS, exp: NOW_SECONDS - 4.999 }, "accepted"],
    ["expired for ever", { ...CLAIMS, exp: 0 }, "token_expired"],
    ["valid from later on", { ...CLAIMS, nbf: NOW_SECONDS + 5.001 }, "token_not_yet_valid"],
    ["valid from later on, within the leeway", { ...CLAIMS, nbf: NOW_SECONDS + 5 }, "accepted"],
    ["without exp", without("exp"), "token_claims"],
    ["with exp as text", { ...CLAIMS, exp: String(CLAIMS.exp) }, "token_claims"],
    ["with exp as null", { ...CLAIMS, exp: null }, "token_claims"],
    ["with exp as a list", { ...CLAIMS, exp: [CLAIMS.exp] }, "token_claims"],
    ["with exp as true", { ...CLAIMS, exp: true }, "token_claims"],
    ["with a negative exp", { ...CLAIMS, exp: -1 }, "token_claims"],
    ["with exp in milliseconds", { ...CLAIMS, exp: NOW_MS + 60_000 }, "token_claims"],
    ["with an infinite exp", JSON.stringify(CLAIMS).replace(String(CLAIMS.exp), "1e999"), "token_claims"],
    ["with nbf as text", { ...CLAIMS, nbf: "0" }, "token_claims"],
    ["with iat as text", { ...CLAIMS, iat: "now" }, "token_claims"],
    ["of another issuer", { ...CLAIMS, iss: "https://evil.example" }, "token_issuer"],
    ["of an issuer that only begins alike", { ...CLAIMS, iss: `${CLAIMS.iss}.evil` }, "token_issuer"],
    ["of a list of issuers", { ...CLAIMS, iss: [CLAIMS.iss] }, "token_issuer"],
    ["without issuer", without("iss"), "token_issuer"],
    ["for another audience", { ...CLAIMS, aud: "shop" }, "token_audience"],
    ["for several others", { ...CLAIMS, aud: ["shop", "mail"] }, "token_audience"],
    ["for nobody", { ...CLAIMS, aud: [] }, "token_audience"],
    ["for an audience that is no string", { ...CLAIMS, aud: { tidegate: true } }, "token_audience"],
    ["for a list that is not all strings", { ...CLAIMS, aud: ["tidegate", 7] }, "token_audience"],
    ["for a nested list", { ...CLAIMS, aud: [["tidegate"]] }, "token_audience"],
    ["without audience", without("aud"), "token_audience"],
    ["for several audiences, this among them", { ...CLAIMS, aud: ["shop", "tidegate"] }, "accepted"],
    ["for the other accepted audience", { ...CLAIMS, aud: "tidegate-admin" }, "accepted"],
    ["without sub", without("sub"), "token_claims"],
    ["with an empty sub", { ...CLAIMS, sub: "" }, "token_claims"],
    ["with a numeric sub", { ...CLAIMS, sub: 1 }, "token_claims"],
    ["with a sub of two lines", { ...CLAIMS, sub: "alice\r\nTidegate-Claims: {}" }, "token_claims"],
    ["with a sub that is too long", { ...CLAIMS, sub: "a".repeat(129) }, "token_claims"],
    ["with grants as a list", { ...CLAIMS, grants: ["chat.>"] }, "token_claims"],
    ["with grants as null", { ...CLAIMS, grants: null }, "token_claims"],
    ["with grants for an unknown action", { ...CLAIMS, grants: { admin: [">"] } }, "token_claims"],
    ["with a malformed pattern", { ...CLAIMS, grants: { subscribe: ["chat.>.x"] } }, "token_claims"],
    ["with a repeated sub", '{"sub":"alice","sub":"root","exp":1}', "token_malformed"],
    ["whose payload is a list", [CLAIMS], "token_malformed"],
    ["whose payload is a string", '"alice"', "token_malformed"],
    ["whose payload is null", "null", "token_malformed"],
    ["whose payload is no JSON", "alice", "token_malformed"],
    [
      "whose claims nest too deeply",
      { ...CLAIMS, deep: JSON.parse("[".repeat(40) + "]".repeat(40)) },
      "token_malformed",
    ],
    [
      "whose claims nest as deeply as they can",
      `{"deep":${"[".repeat(2_900)}${"]".repeat(2_900)}}`,
      "token_malformed",
    ],
  ])("is judged by its claims: %s", async (_name, claims, expected) => {
    expect(await outcome(forge(HEADER, claims))).toBe(expected);
  });

  it("is refused when longer than the limit, before anything is parsed", async () => {
    const filler = (bytes: number): string => forge(HEADER, { ...CLAIMS, filler: "x".repeat(bytes) });
    const room = Math.floor(((8_192 - filler(0).length) * 3) / 4);
    expect(await outcome(filler(room - 3))).toBe("accepted");
    expect(await outcome(filler(room + 3))).toBe("token_too_large");
    expect(await outcome("\0".repeat(10_000_000))).toBe("token_too_large");
  });
});

describe("any other text", () => {
  it("is refused and never makes verifying fail", async () => {
    const parts = fc.array(fc.oneof(fc.base64String(), fc.string(), fc.constant(segment(HEADER))), {
      maxLength: 5,
    });
    const anything = fc.oneof(
      utf16,
      parts.map((list) => list.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        expect(await outcome(text)).toMatch(/^token_/);
      }),
    );
  });

  it("is refused as well when signed, if it is no claims set", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), utf16), async (payload) => {
        expect(await outcome(forge(HEADER, payload))).toMatch(/^token_(malformed|issuer)$/);
      }),
    );
  });
});

describe("a sound token with one change", () => {
  const claims = { sub: "alice", expiresInSeconds: 60, issuer: CLAIMS.iss, audience: CLAIMS.aud };
  const keys = [
    { algorithm: "HS256", secret: SECRET },
    { algorithm: "ES256", privateKey: EC.privateKeyPem },
    { algorithm: "RS256", privateKey: RSA.privateKeyPem },
  ] as const;

  it.each(keys)(
    "is refused wherever a character is replaced, removed, doubled or added: $algorithm",
    async (key) => {
      const token = await mintToken(claims, key, NOW_MS);
      expect(await outcome(token)).toBe("accepted");
      const character = fc.oneof(
        fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      );
      const edit = fc.constantFrom("replace", "remove", "double", "insert");
      await fc.assert(
        fc.asyncProperty(fc.nat(token.length - 1), character, edit, async (at, other, kind) => {
          const inserted = kind === "remove" ? "" : kind === "double" ? `${token[at]}${token[at]}` : other;
          const changed = token.slice(0, at) + inserted + token.slice(kind === "insert" ? at : at + 1);
          fc.pre(changed !== token);
          expect(await outcome(changed)).not.toBe("accepted");
        }),
        { numRuns: 400 },
      );
    },
  );

  it("is refused at every single position, with a neighbour in the alphabet", async () => {
    const token = forge(HEADER, CLAIMS);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let at = 0; at < token.length; at += 1) {
      const neighbour = alphabet[(alphabet.indexOf(token.charAt(at)) + 1) % 64];
      const changed = `${token.slice(0, at)}${neighbour}${token.slice(at + 1)}`;
      expect(await outcome(changed), `position ${at}`).not.toBe("accepted");
    }
  });

  it("is refused when cut short anywhere", async () => {
    const token = forge(HEADER, CLAIMS);
    for (let length = 0; length < token.length; length += 1) {
      expect(await outcome(token.slice(0, length)), `length ${length}`).not.toBe("accepted");
    }
  });
});
