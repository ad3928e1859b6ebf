import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FORM_TYPE } from "./hook-scheme.ts";
import { NOW_MS, NOW_SECONDS, requestOf } from "./request.fixture.ts";
import { genuineRequest, OTHER_SECRET, SECRET, SENDERS, senderOf } from "./signed-requests.fixture.ts";
import { twilioScheme } from "./twilio-scheme.ts";

describe.each(SENDERS)("$name", (sender) => {
  const scheme = sender.scheme([OTHER_SECRET, SECRET]);
  const parts = genuineRequest(sender);

  test("accepts a genuine request made with any of the secrets", () => {
    const event = { kind: "event", id: "dlv_1", event: "a.b" };
    expect(scheme.verify(requestOf(parts), NOW_MS)).toEqual(event);
    const other = sender.send(OTHER_SECRET, NOW_SECONDS, "dlv_1");
    expect(scheme.verify(requestOf(other), NOW_MS)).toEqual(event);
    expect(sender.scheme([OTHER_SECRET]).verify(requestOf(parts), NOW_MS)).toEqual({
      kind: "refused",
      fault: "wrong_signature",
    });
  });

  test.each(sender.headers)("refuses it without %s", (name) => {
    const { [name]: _, ...headers } = parts.headers ?? {};
    expect(scheme.verify(requestOf({ ...parts, headers }), NOW_MS)).toEqual({
      kind: "refused",
      fault: "missing_header",
    });
  });

  if (sender.timed)
    test("refuses a clock that is off, either way", () => {
      for (const [seconds, expected] of [
        [300, "event"],
        [301, "too_old"],
        [-300, "event"],
        [-301, "too_new"],
      ] as const) {
        const verdict = scheme.verify(requestOf(parts), NOW_MS + seconds * 1000);
        expect(verdict).toMatchObject(expected === "event" ? { kind: "event" } : { fault: expected });
      }
    });

  if (sender.signsBody)
    test("refuses another body", () => {
      const verdict = scheme.verify(requestOf({ ...parts, body: `${parts.body}x` }), NOW_MS);
      expect(verdict).toEqual({ kind: "refused", fault: "wrong_signature" });
    });

  test("refuses whatever was not made with a secret, and never throws", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.constantFrom("sha256=", "v0=", "t=1,v1=", "v1,", "whsec_", `t=${NOW_SECONDS},v1=00,v1=`),
      ...Object.values(parts.headers ?? {}).map((header) => fc.constant(header.slice(0, -1))),
    );
    const names = [...sender.headers, "idempotency-key", "content-length"];
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] }),
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        fc.constantFrom("application/json", FORM_TYPE, ""),
        fc.webPath(),
        (headers, body, contentType, target) => {
          const given = Object.fromEntries(Object.entries(headers).map(([name, one]) => [name, one ?? ""]));
          // The untouched value of one header may be there; a signature that fits the body never is.
          const verdict = scheme.verify(requestOf({ headers: given, body, contentType, target }), NOW_MS);
          expect(verdict).toMatchObject({ kind: "refused" });
        },
      ),
      { numRuns: 200 },
    );
  });

  test("reads any body that is signed without throwing", () => {
    const bodies = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.json(),
      fc.constantFrom(
        "null",
        "[]",
        '{"type":"url_verification"}',
        '{"id":""}',
        '{"event_id":{}}',
        "payload=%7B",
      ),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const { kind } = scheme.verify(requestOf({ ...parts, body }), NOW_MS) as { kind: string };
        expect(["event", "refused"]).toContain(kind);
      }),
      { numRuns: 50 },
    );
  });
});

describe("Slack", () => {
  const slack = senderOf("slack");
  const scheme = slack.scheme([SECRET]);
  const signed = (body: string, contentType = "application/json") => {
    const digest = createHmac("sha256", SECRET).update(`v0:${NOW_SECONDS}:${body}`).digest("hex");
    const headers = {
      "x-slack-signature": `v0=${digest}`,
      "x-slack-request-timestamp": String(NOW_SECONDS),
    };
    return requestOf({ body, contentType, headers });
  };

  test("answers the challenge of a genuine question, and of no other", () => {
    const body = JSON.stringify({ type: "url_verification", challenge: "3eZbrw1aB10FEMAGAZd4FyFQ" });
    expect(scheme.verify(signed(body), NOW_MS)).toEqual({ kind: "answer", text: "3eZbrw1aB10FEMAGAZd4FyFQ" });
    const forged = requestOf({
      body,
      headers: { "x-slack-signature": "v0=00", "x-slack-request-timestamp": String(NOW_SECONDS) },
    });
    expect(scheme.verify(forged, NOW_MS)).toEqual({ kind: "refused", fault: "wrong_signature" });
  });

  test.each([
    ["command=%2Fdeploy&trigger_id=13345224609.1", "13345224609.1", "/deploy"],
    [`payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"9.1"}')}`, "9.1", "block_actions"],
    [
      `payload=${encodeURIComponent('{"type":"view_closed"}')}`,
      expect.stringMatching(/^.{43}$/),
      "view_closed",
    ],
  ])("reads the form %s", (body, id, event) => {
    expect(scheme.verify(signed(body, FORM_TYPE), NOW_MS)).toEqual({ kind: "event", id, event });
  });
});

describe("Stripe", () => {
  test("refuses two times, of which one is signed", () => {
    const stripe = senderOf("stripe");
    const { body = "", headers = {} } = genuineRequest(stripe);
    const header = `${headers["stripe-signature"]},t=${NOW_SECONDS + 1}`;
    const verdict = stripe
      .scheme([SECRET])
      .verify(requestOf({ body, headers: { "stripe-signature": header } }), NOW_MS);
    expect(verdict).toEqual({ kind: "refused", fault: "malformed_header" });
  });
});

describe("Twilio", () => {
  const scheme = twilioScheme([SECRET], "https://example.com/hooks/test");
  const { headers = {} } = genuineRequest(senderOf("twilio"));

  test("takes no JSON that nothing signs, nor a form beside a hash of the body", () => {
    const json = requestOf({ headers, body: "{}", contentType: "application/json" });
    expect(scheme.verify(json, NOW_MS)).toEqual({ kind: "refused", fault: "wrong_signature" });
    const both = requestOf({
      headers,
      body: "a=b",
      contentType: FORM_TYPE,
      target: "/hooks/test?bodySHA256=00",
    });
    expect(scheme.verify(both, NOW_MS)).toEqual({ kind: "refused", fault: "wrong_signature" });
  });

  test("knows a repetition by what is signed where there is no token", () => {
    const { "i-twilio-idempotency-token": _, ...rest } = headers;
    const request = requestOf({ headers: rest, body: "MessageStatus=a.b", contentType: FORM_TYPE });
    expect(scheme.verify(request, NOW_MS)).toEqual(scheme.verify(request, NOW_MS + 1));
    expect(scheme.verify(request, NOW_MS)).toMatchObject({
      kind: "event",
      id: expect.stringMatching(/^.{43}$/),
    });
  });
});
