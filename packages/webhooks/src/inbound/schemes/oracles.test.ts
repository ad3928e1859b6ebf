import { createHmac } from "node:crypto";
import { sign as signGithub } from "@octokit/webhooks-methods";
import { verifyRequestSignature as slackAccepts } from "@slack/events-api";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } from "twilio";
import { describe, expect, test } from "vitest";
import { githubScheme } from "./github-scheme.ts";
import { gitlabSignedScheme } from "./gitlab-signed-scheme.ts";
import { requestOf } from "./request.fixture.ts";
import { slackScheme } from "./slack-scheme.ts";
import { stripeScheme } from "./stripe-scheme.ts";
import { twilioScheme } from "./twilio-scheme.ts";

const texts = fc.string({ unit: "grapheme", maxLength: 100 });
const secrets = fc.stringMatching(/^[!-~]{16,64}$/);

describe("what the official packages make is accepted", () => {
  test("GitHub, by @octokit/webhooks-methods", async () => {
    await fc.assert(
      fc.asyncProperty(texts, secrets, async (text, secret) => {
        const body = JSON.stringify({ text });
        const headers = {
          "x-hub-signature-256": await signGithub(secret, body),
          "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
          "x-github-event": "push",
        };
        const verdict = githubScheme(["another", secret]).verify(requestOf({ headers, body }), 0);
        expect(verdict).toEqual({ kind: "event", id: headers["x-github-delivery"], event: "push" });
      }),
      { numRuns: 30 },
    );
  });

  test("Stripe, by stripe", () => {
    const { webhooks } = new Stripe("sk_test_none");
    fc.assert(
      fc.property(texts, secrets, fc.nat({ max: 2 ** 31 }), (text, secret, timestamp) => {
        const payload = JSON.stringify({ id: "evt_1", type: "invoice.paid", text });
        const header = webhooks.generateTestHeaderString({ payload, secret, timestamp: timestamp + 1 });
        const request = requestOf({ headers: { "stripe-signature": header }, body: payload });
        const verdict = stripeScheme(["another", secret]).verify(request, timestamp * 1000);
        expect(verdict).toEqual({ kind: "event", id: "evt_1", event: "invoice.paid" });
      }),
      { numRuns: 30 },
    );
  });

  test("Twilio, by twilio: forms and JSON, with the port and without", () => {
    const fields = fc.dictionary(
      fc.stringMatching(/^[A-Za-z]{1,8}$/),
      fc.oneof(texts, fc.array(texts, { minLength: 1, maxLength: 3 })),
      { maxKeys: 6 },
    );
    const addresses = fc.constantFrom(
      "https://example.com/hooks/sms",
      "https://example.com:443/hooks/sms",
      "https://example.com:8443/hooks/sms",
    );
    const queries = fc.constantFrom("", "?a=1", "?b=%C3%A9&a='x'");
    fc.assert(
      fc.property(fields, addresses, queries, secrets, (given, address, query, secret) => {
        const params = { ...given, MessageStatus: "sent" };
        const form = new URLSearchParams();
        for (const [name, value] of Object.entries(params)) {
          for (const one of [value].flat()) form.append(name, one);
        }
        const headers = {
          "x-twilio-signature": getExpectedTwilioSignature(secret, `${address}${query}`, params),
          "i-twilio-idempotency-token": "token-1",
        };
        expect(validateRequest(secret, headers["x-twilio-signature"], `${address}${query}`, params)).toBe(
          true,
        );
        const request = requestOf({
          headers,
          body: form.toString(),
          contentType: "application/x-www-form-urlencoded",
          target: `/hooks/sms${query}`,
        });
        const verdict = twilioScheme(["another", secret], address).verify(request, 0);
        expect(verdict).toEqual({ kind: "event", id: "token-1", event: "sent" });
      }),
      { numRuns: 100 },
    );
    const body = '{"a":1}';
    const hash = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    const url = `https://example.com/hooks/sms?bodySHA256=${hash}`;
    const signature = getExpectedTwilioSignature("secret-of-sixteen", url, {});
    expect(validateRequestWithBody("secret-of-sixteen", signature, url, body)).toBe(true);
    const request = requestOf({
      headers: { "x-twilio-signature": signature },
      body,
      target: `/hooks/sms?bodySHA256=${hash}`,
    });
    expect(
      twilioScheme(["secret-of-sixteen"], "https://example.com/hooks/sms").verify(request, 0),
    ).toMatchObject({
      kind: "event",
    });
  });

  test("GitLab with a signing token, by standardwebhooks", () => {
    const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
    const body = '{"object_kind":"push"}';
    const at = new Date();
    const headers = {
      "webhook-id": "01J-delivery",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign("01J-delivery", at, body),
      "x-gitlab-event": "Push Hook",
    };
    expect(gitlabSignedScheme([secret]).verify(requestOf({ headers, body }), at.getTime())).toEqual({
      kind: "event",
      id: "01J-delivery",
      event: "Push Hook",
    });
  });
});

test("what Slack would send is accepted by us as by @slack/events-api", () => {
  fc.assert(
    fc.property(texts, secrets, (text, signingSecret) => {
      const requestTimestamp = Math.floor(Date.now() / 1000);
      const body = JSON.stringify({
        type: "event_callback",
        event_id: "Ev1",
        event: { type: "message", text },
      });
      const digest = createHmac("sha256", signingSecret)
        .update(`v0:${requestTimestamp}:${body}`)
        .digest("hex");
      const requestSignature = `v0=${digest}`;
      expect(slackAccepts({ signingSecret, requestSignature, requestTimestamp, body })).toBe(true);
      const headers = {
        "x-slack-signature": requestSignature,
        "x-slack-request-timestamp": String(requestTimestamp),
      };
      const verdict = slackScheme([signingSecret]).verify(
        requestOf({ headers, body }),
        requestTimestamp * 1000,
      );
      expect(verdict).toEqual({ kind: "event", id: "Ev1", event: "message" });
    }),
    { numRuns: 30 },
  );
});
