import { createHmac, generateKeyPairSync } from "node:crypto";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { connectPlainNats, type NatsServer, openClient, startNats, type TestClient } from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metric, openNode, type TestNode, testToken } from "./open-node.ts";

const NOW = Math.floor(Date.now() / 1000);
const CLAIMS = {
  sub: "mallory",
  iss: "https://id.example",
  aud: "tidegate",
  exp: NOW + 600,
  grants: { subscribe: ["chat.>"] },
};
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token made by hand: whatever header and claims, signed with HMAC whatever the header says. */
function forge(
  claims: unknown,
  header: object = { alg: "HS256" },
  secret: string = DEVELOPMENT_KEY.secret,
): string {
  const input = `${segment(header)}.${segment(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

function without(name: keyof typeof CLAIMS): object {
  return Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));
}

const valid = forge(CLAIMS);
const TABLE: readonly (readonly [what: string, token: string, code: number, outcome: string])[] = [
  ["no algorithm", `${segment({ alg: "none" })}.${segment(CLAIMS)}.`, 4502, "token_algorithm"],
  ["no algorithm, in odd case", `${segment({ alg: "nOnE" })}.${segment(CLAIMS)}.`, 4502, "token_algorithm"],
  ["no signature", valid.slice(0, valid.lastIndexOf(".") + 1), 4502, "token_signature"],
  ["another secret", forge(CLAIMS, { alg: "HS256" }, `${DEVELOPMENT_KEY.secret}!`), 4502, "token_signature"],
  ["a public key as the secret", forge(CLAIMS, { alg: "HS256" }, publicPem), 4502, "token_signature"],
  ["an algorithm that is not pinned", forge(CLAIMS, { alg: "RS256" }), 4502, "token_algorithm"],
  ["another HMAC", forge(CLAIMS, { alg: "HS512" }), 4502, "token_algorithm"],
  ["expired", forge({ ...CLAIMS, exp: NOW - 60 }), 4005, "token_expired"],
  ["not yet valid", forge({ ...CLAIMS, nbf: NOW + 600 }), 4502, "token_not_yet_valid"],
  ["for another audience", forge({ ...CLAIMS, aud: "billing" }), 4502, "token_audience"],
  ["of another issuer", forge({ ...CLAIMS, iss: "https://evil.example" }), 4502, "token_issuer"],
  ["without exp", forge(without("exp")), 4502, "token_claims"],
  ["with exp as text", forge({ ...CLAIMS, exp: String(NOW + 600) }), 4502, "token_claims"],
  ["without sub", forge(without("sub")), 4502, "token_claims"],
  ["a user with a line break", forge({ ...CLAIMS, sub: "a\r\nTidegate-User: root" }), 4502, "token_claims"],
  ["grants of no known form", forge({ ...CLAIMS, grants: { subscribe: ["chat.**"] } }), 4502, "token_claims"],
  ["a critical header", forge(CLAIMS, { alg: "HS256", crit: ["exp"], exp: 1 }), 4502, "token_malformed"],
  ["oversized", forge({ ...CLAIMS, pad: "x".repeat(9000) }), 4502, "token_too_large"],
  ["two parts", valid.slice(0, valid.lastIndexOf(".")), 4502, "token_malformed"],
  ["no token at all", "x", 4502, "token_malformed"],
  [
    "a changed claim",
    valid.replace(/\.[^.]+\./, `.${segment({ ...CLAIMS, sub: "root" })}.`),
    4502,
    "token_signature",
  ],
];

let nats: NatsServer;
let node: TestNode;
let healthy: TestClient;

beforeAll(async () => {
  nats = await startNats({ own: true });
  node = await openNode(nats.url);
  healthy = openClient(`${node.url}?channels=chat.lobby&access_token=${await testToken()}`);
  await healthy.next("subscribed");
});

afterAll(async () => {
  await healthy?.[Symbol.asyncDispose]();
  await node?.[Symbol.asyncDispose]();
  await nats?.stop();
});

describe("a forged token", () => {
  test.each(TABLE)("%s: closed, counted, not logged", async (_what, token, code, outcome) => {
    const series = `tidegate_authentications_total{outcome="${outcome}"}`;
    const before = await metric(node, series);
    const client = openClient(node.url);
    await client.opened;
    client.send({ type: "connect", id: 1, token, channels: ["chat.lobby"] });
    const closed = await client.closed;
    expect(closed.code).toBe(code);
    expect(closed.reason).not.toBe("");
    expect(client.frames).toEqual([]);
    expect(await metric(node, series)).toBe(before + 1);
    // The payload part is in no log line; a one-letter token would be in every line.
    if (token.length > 20) {
      expect(node.log()).not.toContain(token.slice(0, 40));
      expect(node.log()).not.toContain(token.split(".")[1]?.slice(0, 60));
    }
  });

  test("leaves the connection beside it untouched", async () => {
    const backend = await connectPlainNats(nats.url);
    backend.publish("rt.chat.lobby", '"still here"');
    expect(await healthy.next("message")).toMatchObject({ data: "still here" });
    await backend.close();
  });

  test("is no worse over the handshake", async () => {
    for (const client of [
      openClient(`${node.url}?access_token=${TABLE[0]?.[1]}`),
      openClient(node.url, { headers: { authorization: `Bearer ${TABLE[3]?.[1]}` } }),
      openClient(node.url, { protocols: ["tidegate.v1", `bearer.${TABLE[3]?.[1]}`] }),
    ]) {
      expect((await client.closed).code).toBe(4502);
    }
    const accepted = openClient(node.url, { protocols: ["tidegate.v1", `bearer.${await testToken()}`] });
    expect(await accepted.next("connected")).toMatchObject({ user: "ada" });
    expect(await accepted.handshake).toEqual({ outcome: "opened", protocol: "tidegate.v1" });
    await accepted.close();
  });
});
