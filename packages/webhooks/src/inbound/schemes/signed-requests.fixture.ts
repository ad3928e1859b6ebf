import { createHmac } from "node:crypto";
import { signatureHeaders } from "../../signing/sign-webhook.ts";
import { parseSigningSecret } from "../../signing/webhook-secret.ts";
import { githubScheme } from "./github-scheme.ts";
import { gitlabSignedScheme } from "./gitlab-signed-scheme.ts";
import { gitlabTokenScheme } from "./gitlab-token-scheme.ts";
import type { HookScheme } from "./hook-scheme.ts";
import { razorpayScheme } from "./razorpay-scheme.ts";
import { NOW_SECONDS, type RequestParts } from "./request.fixture.ts";
import { shopifyScheme } from "./shopify-scheme.ts";
import { slackScheme } from "./slack-scheme.ts";
import { standardScheme } from "./standard-scheme.ts";
import { stripeScheme } from "./stripe-scheme.ts";
import { twilioScheme } from "./twilio-scheme.ts";

const FORM = "application/x-www-form-urlencoded";
export const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 6).toString("base64")}`;

const hmac = (secret: string, text: string, encoding: "hex" | "base64" = "hex") =>
  createHmac("sha256", secret).update(text).digest(encoding);

/** A sender, in as far as a test needs to be one. */
export interface Sender {
  readonly name: string;
  readonly scheme: (secrets: readonly string[]) => HookScheme;
  /** A genuine request; `at` is in Unix seconds. */
  readonly send: (secret: string, at: number, id: string) => RequestParts;
  /** Names of headers without which a request is refused. */
  readonly headers: readonly string[];
  readonly timed: boolean;
  /** Whether the body is covered by the signature. */
  readonly signsBody: boolean;
}

const standard = (id: string, secret: string, timestamp: number, body: string) => ({
  ...signatureHeaders({ id, timestamp, body: Buffer.from(body) }, [parseSigningSecret(secret)]),
});

export const SENDERS: readonly Sender[] = [
  {
    name: "standard",
    scheme: standardScheme,
    send: (secret, at, id) => ({
      body: '{"type":"a.b"}',
      headers: standard(id, secret, at, '{"type":"a.b"}'),
    }),
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    timed: true,
    signsBody: true,
  },
  {
    name: "gitlab",
    scheme: gitlabSignedScheme,
    send: (secret, at, id) => ({
      body: '{"kind":"push"}',
      headers: { ...standard(id, secret, at, '{"kind":"push"}'), "x-gitlab-event": "a.b" },
    }),
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    timed: true,
    signsBody: true,
  },
  {
    name: "gitlab-token",
    scheme: gitlabTokenScheme,
    send: (secret, _at, id) => ({
      body: "{}",
      headers: { "x-gitlab-token": secret, "idempotency-key": id, "x-gitlab-event": "a.b" },
    }),
    headers: ["x-gitlab-token", "idempotency-key"],
    timed: false,
    signsBody: false,
  },
  {
    name: "github",
    scheme: githubScheme,
    send: (secret, _at, id) => ({
      body: '{"ref":"main"}',
      headers: {
        "x-hub-signature-256": `sha256=${hmac(secret, '{"ref":"main"}')}`,
        "x-github-delivery": id,
        "x-github-event": "a.b",
      },
    }),
    headers: ["x-hub-signature-256", "x-github-delivery"],
    timed: false,
    signsBody: true,
  },
  {
    name: "stripe",
    scheme: stripeScheme,
    send: (secret, at, id) => {
      const body = JSON.stringify({ id, type: "a.b" });
      return { body, headers: { "stripe-signature": `t=${at},v1=${hmac(secret, `${at}.${body}`)},v0=00` } };
    },
    headers: ["stripe-signature"],
    timed: true,
    signsBody: true,
  },
  {
    name: "slack",
    scheme: slackScheme,
    send: (secret, at, id) => {
      const body = JSON.stringify({ type: "event_callback", event_id: id, event: { type: "a.b" } });
      return {
        body,
        headers: {
          "x-slack-signature": `v0=${hmac(secret, `v0:${at}:${body}`)}`,
          "x-slack-request-timestamp": String(at),
        },
      };
    },
    headers: ["x-slack-signature", "x-slack-request-timestamp"],
    timed: true,
    signsBody: true,
  },
  {
    name: "shopify",
    scheme: shopifyScheme,
    send: (secret, _at, id) => ({
      body: '{"total":1}',
      headers: {
        "x-shopify-hmac-sha256": hmac(secret, '{"total":1}', "base64"),
        "x-shopify-webhook-id": id,
        "x-shopify-topic": "a.b",
      },
    }),
    headers: ["x-shopify-hmac-sha256", "x-shopify-webhook-id"],
    timed: false,
    signsBody: true,
  },
  {
    name: "razorpay",
    scheme: razorpayScheme,
    send: (secret, _at, id) => ({
      body: '{"event":"a.b"}',
      headers: { "x-razorpay-signature": hmac(secret, '{"event":"a.b"}'), "x-razorpay-event-id": id },
    }),
    headers: ["x-razorpay-signature", "x-razorpay-event-id"],
    timed: false,
    signsBody: true,
  },
  {
    name: "twilio",
    scheme: (secrets) => twilioScheme(secrets, "https://example.com/hooks/test"),
    send: (secret, _at, id) => ({
      body: "MessageStatus=a.b",
      contentType: FORM,
      headers: {
        "x-twilio-signature": createHmac("sha1", secret)
          .update("https://example.com/hooks/testMessageStatusa.b")
          .digest("base64"),
        "i-twilio-idempotency-token": id,
      },
    }),
    headers: ["x-twilio-signature"],
    timed: false,
    signsBody: true,
  },
];

export function senderOf(name: string): Sender {
  const sender = SENDERS.find((one) => one.name === name);
  if (sender === undefined) throw new TypeError(`there is no sender ${name}`);
  return sender;
}

export const genuineRequest = (sender: Sender): RequestParts => sender.send(SECRET, NOW_SECONDS, "dlv_1");
