import { createHmac, generateKeyPairSync } from "node:crypto";
import { mintToken } from "@tidegate/auth";
import { afterAll, describe, expect, it } from "vitest";
import { SECRET, startNode, userToken } from "../testing/running-node.ts";
import { temporaryFile } from "../testing/temporary-file.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC_PEM = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const PRIVATE_PEM = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

const keys = await temporaryFile(PUBLIC_PEM);
const node = await startNode({
  auth: {
    algorithms: ["HS256", "RS256"],
    publicKeyFile: keys.path,
    issuer: "https://issuer.example.com",
    audience: "tidegate",
    leewayMs: "1s",
  },
  limits: { tokenBytes: "2KiB", unauthenticatedBytes: "8KiB" },
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await keys[Symbol.asyncDispose]();
});

const SECONDS = Math.floor(Date.now() / 1_000);
const GOOD = {
  sub: "ada",
  iss: "https://issuer.example.com",
  aud: "tidegate",
  exp: SECONDS + 600,
  grants: { subscribe: ["chat.>"] },
};

function segment(content: unknown): string {
  return Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64url");
}

/** A token with any header and payload, signed by HMAC with any key. */
function forge(header: unknown, payload: unknown, secret: string = SECRET): string {
  const signed = `${segment(header)}.${segment(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const HS256 = { alg: "HS256", typ: "JWT" };
const good = forge(HS256, GOOD);
const [goodHeader = "", goodPayload = "", goodSignature = ""] = good.split(".");
const without = (name: keyof typeof GOOD): object =>
  Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name));

/** Every way to cheat, the check that has to notice, and the close that the client gets. */
const FORGERIES: readonly (readonly [what: string, token: string, outcome: string, code: number])[] = [
  ["no token at all", "", "token_missing", 4501],
  ["nonsense", "nonsense", "token_malformed", 4502],
  ["one segment too few", `${goodHeader}.${goodPayload}`, "token_malformed", 4502],
  ["one segment too many", `${good}.${goodSignature}`, "token_malformed", 4502],
  ["a header that is no JSON", forge("nonsense", GOOD), "token_malformed", 4502],
  ["a payload that is no JSON", forge(HS256, "nonsense"), "token_malformed", 4502],
  ["a payload that is no object", forge(HS256, [GOOD]), "token_malformed", 4502],
  ["the algorithm none", forge({ alg: "none" }, GOOD), "token_algorithm", 4502],
  [
    "the algorithm none without a signature",
    `${segment({ alg: "none" })}.${goodPayload}.`,
    "token_algorithm",
    4502,
  ],
  ["the algorithm None", forge({ alg: "None" }, GOOD), "token_algorithm", 4502],
  ["an algorithm that is not listed", forge({ alg: "HS512" }, GOOD), "token_algorithm", 4502],
  ["no algorithm", forge({ typ: "JWT" }, GOOD), "token_algorithm", 4502],
  [
    "another secret",
    forge(HS256, GOOD, "another secret, long enough for every algorithm"),
    "token_signature",
    4502,
  ],
  ["the public key as the secret", forge(HS256, GOOD, PUBLIC_PEM), "token_signature", 4502],
  ["HMAC under the name of RSA", forge({ alg: "RS256" }, GOOD, PUBLIC_PEM), "token_signature", 4502],
  [
    "a payload changed after signing",
    `${goodHeader}.${segment({ ...GOOD, sub: "root" })}.${goodSignature}`,
    "token_signature",
    4502,
  ],
  [
    "a header changed after signing",
    `${segment({ ...HS256, x: 1 })}.${goodPayload}.${goodSignature}`,
    "token_signature",
    4502,
  ],
  ["no signature", `${goodHeader}.${goodPayload}.`, "token_signature", 4502],
  [
    "a kid that nobody knows",
    forge({ ...HS256, kid: "../../etc/passwd" }, GOOD, "x".repeat(64)),
    "token_signature",
    4502,
  ],
  ["a critical extension", forge({ ...HS256, crit: ["b64"], b64: false }, GOOD), "token_malformed", 4502],
  ["a key of its own", forge({ ...HS256, jwk: { kty: "oct", k: "eA" } }, GOOD, "x"), "token_signature", 4502],
  ["an expired token", forge(HS256, { ...GOOD, exp: SECONDS - 60 }), "token_expired", 4005],
  ["no exp", forge(HS256, without("exp")), "token_claims", 4502],
  ["an exp that is no number", forge(HS256, { ...GOOD, exp: "never" }), "token_claims", 4502],
  ["a token of the future", forge(HS256, { ...GOOD, nbf: SECONDS + 600 }), "token_not_yet_valid", 4502],
  ["another issuer", forge(HS256, { ...GOOD, iss: "https://evil.example.com" }), "token_issuer", 4502],
  ["no issuer", forge(HS256, without("iss")), "token_issuer", 4502],
  ["another audience", forge(HS256, { ...GOOD, aud: ["billing"] }), "token_audience", 4502],
  ["no audience", forge(HS256, without("aud")), "token_audience", 4502],
  ["no sub", forge(HS256, without("sub")), "token_claims", 4502],
  [
    "a sub with a line break",
    forge(HS256, { ...GOOD, sub: "ada\r\nTidegate-User: root" }),
    "token_claims",
    4502,
  ],
  ["grants of an unknown action", forge(HS256, { ...GOOD, grants: { admin: [">"] } }), "token_claims", 4502],
  [
    "a repeated claim",
    forge(HS256, `{"sub":"root",${JSON.stringify(GOOD).slice(1)}`),
    "token_malformed",
    4502,
  ],
  ["a token too large", forge(HS256, { ...GOOD, padding: "x".repeat(2_048) }), "token_too_large", 4502],
];

/** Parts of tokens that would give them away in a log. */
function isLogged(token: string): boolean {
  const written = node.log.join("\n");
  return token.split(".").some((part) => part.length > 12 && written.includes(part));
}

describe("a forged token", () => {
  it.each(FORGERIES)(
    "is refused in connect, counted and not logged: %s",
    async (_what, token, outcome, code) => {
      await node.counts(`tidegate_authentications_total{outcome="${outcome}"}`, async () => {
        const client = await node.open();
        client.send({ type: "connect", id: 1, token });
        const closed = await client.closed;
        expect(closed.code).toBe(code);
        expect(client.frames).toStrictEqual([]);
        expect(token.length > 20 && closed.reason.includes(token.slice(0, 20))).toBe(false);
      });
      expect(isLogged(token)).toBe(false);
    },
  );

  it.each(FORGERIES.filter(([, token]) => token !== ""))(
    "is refused in the address, and not logged: %s",
    async (_what, token, _outcome, code) => {
      const client = await node.open({ query: `access_token=${encodeURIComponent(token)}&channels=chat.a` });
      expect((await client.closed).code).toBe(code);
      expect(client.frames).toStrictEqual([]);
      expect(isLogged(token)).toBe(false);
    },
  );

  it("is refused in refresh, and the connection goes on with the token it has", async () => {
    await using client = await node.connect({ token: good });
    for (const [index, [what, token, outcome]] of FORGERIES.entries()) {
      const id = index + 2;
      client.send({ type: "refresh", id, token });
      const error = await client.next((message) => message.id === id);
      const expected = outcome === "token_expired" || outcome === "token_missing" ? outcome : "token_invalid";
      expect([what, error.code]).toStrictEqual([what, expected]);
    }
    client.send({ type: "subscribe", id: 1_000, channel: "chat.a" });
    await client.next("subscribed");
  });
});

describe("a good token", () => {
  it("is accepted beside all those, from either kind of key", async () => {
    const signed = await mintToken(
      { sub: "ada", expiresInSeconds: 600, issuer: GOOD.iss, audience: GOOD.aud },
      { algorithm: "RS256", privateKey: PRIVATE_PEM },
    );
    for (const token of [good, signed]) {
      await using client = await node.connect({ token });
      client.send({ type: "ping", id: 2 });
      await client.next("ok");
      expect(isLogged(token)).toBe(false);
    }
  });

  it("of another issuer is not good here", async () => {
    const client = await node.open();
    client.send({ type: "connect", id: 1, token: await userToken() });
    expect((await client.closed).code).toBe(4502);
  });
});
