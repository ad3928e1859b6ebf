import { sign } from "node:crypto";
import { crc32 } from "node:zlib";
import { testCertificate } from "@tidegate/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FetchText } from "./paypal-certificates.ts";
import { PayPalCertificates } from "./paypal-certificates.ts";
import { paypalScheme } from "./paypal-scheme.ts";
import { NOW_MS, requestOf } from "./request.fixture.ts";

const CERTIFICATE_URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77";
const BODY = '{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}';
const WEBHOOK_ID = "9XL90610J3647323C";
const TIME = new Date(NOW_MS).toISOString().replace(".000Z", "Z");

const authority = testCertificate({ name: "Test Authority" });
const paypal = testCertificate({ name: "messageverificationcerts.paypal.com", issuer: authority });
const chain = `${paypal.pem}${authority.pem}`;

/** A fetch that knows one text, and counts. */
function serving(text: string | undefined): FetchText & { readonly calls: string[] } {
  const calls: string[] = [];
  const fetchText = async (url: string) => {
    calls.push(url);
    if (text === undefined) throw new Error("offline");
    return text;
  };
  return Object.assign(fetchText, { calls });
}

function headersOf({
  id = "t-1",
  time = TIME,
  webhookId = WEBHOOK_ID,
  body = BODY,
  key = paypal.privateKey,
} = {}) {
  return {
    "paypal-transmission-id": id,
    "paypal-transmission-time": time,
    "paypal-transmission-sig": sign(
      "sha256",
      Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`),
      key,
    ).toString("base64"),
    "paypal-cert-url": CERTIFICATE_URL,
    "paypal-auth-algo": "SHA256withRSA",
  };
}

const schemeWith = (fetchText: FetchText) =>
  paypalScheme(["another", WEBHOOK_ID], new PayPalCertificates({ fetchText }));
const verify = async (headers: Readonly<Record<string, string>>, body = BODY, nowMs = NOW_MS) =>
  await schemeWith(serving(chain)).verify(requestOf({ headers, body }), nowMs);

describe("a delivery of PayPal", () => {
  test("is accepted, and its certificate fetched once", async () => {
    const fetchText = serving(chain);
    const scheme = schemeWith(fetchText);
    const verdicts = await Promise.all(
      ["t-1", "t-2", "t-3"].map((id) =>
        scheme.verify(requestOf({ headers: headersOf({ id }), body: BODY }), NOW_MS),
      ),
    );
    expect(verdicts).toEqual(
      ["t-1", "t-2", "t-3"].map((id) => ({ kind: "event", id, event: "PAYMENT.SALE.COMPLETED" })),
    );
    expect(fetchText.calls).toEqual([CERTIFICATE_URL]);
  });

  test("needs no fetch where the certificate is pinned", async () => {
    const fetchText = serving(undefined);
    const certificates = new PayPalCertificates({
      fetchText,
      pinned: new Map([[CERTIFICATE_URL, paypal.pem]]),
    });
    const verdict = await paypalScheme([WEBHOOK_ID], certificates).verify(
      requestOf({ headers: headersOf(), body: BODY }),
      NOW_MS,
    );
    expect(verdict).toMatchObject({ kind: "event" });
    expect(fetchText.calls).toEqual([]);
  });

  test.each([
    ["another body", headersOf(), "{}", "wrong_signature"],
    ["another webhook", headersOf({ webhookId: "other" }), BODY, "wrong_signature"],
    ["another id", { ...headersOf(), "paypal-transmission-id": "t-2" }, BODY, "wrong_signature"],
    ["another key", headersOf({ key: authority.privateKey }), BODY, "wrong_signature"],
    ["another algorithm", { ...headersOf(), "paypal-auth-algo": "none" }, BODY, "malformed_header"],
    ["a separator in the id", headersOf({ id: "t|1" }), BODY, "malformed_header"],
    ["no time", headersOf({ time: "yesterday" }), BODY, "malformed_header"],
    ["a body that is no JSON", headersOf({ body: "x" }), "x", "malformed_body"],
  ])("is refused with %s", async (_name, headers, body, fault) => {
    expect(await verify(headers, body)).toEqual({ kind: "refused", fault });
  });

  test("may be repeated for days, but not come from the future", async () => {
    const day = 86_400_000;
    expect(await verify(headersOf(), BODY, NOW_MS + 7 * day)).toMatchObject({ kind: "event" });
    expect(await verify(headersOf(), BODY, NOW_MS + 9 * day)).toMatchObject({ fault: "too_old" });
    expect(await verify(headersOf(), BODY, NOW_MS - 301_000)).toMatchObject({ fault: "too_new" });
  });

  test("can be anything without a crash", async () => {
    const value = fc.string({ unit: "binary", maxLength: 100 });
    const names = Object.keys(headersOf());
    await fc.assert(
      fc.asyncProperty(
        fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] }),
        fc.constantFrom(...names),
        value,
        async (headers, kept, body) => {
          const given = {
            ...headers,
            [kept]: Object.entries(headersOf()).find(([name]) => name === kept)?.[1] ?? "",
          };
          expect(await verify(given as Record<string, string>, body)).toMatchObject({ kind: "refused" });
        },
      ),
    );
  });
});

describe("the certificate", () => {
  test.each([
    "http://api.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
    "https://evil.example/v1/notifications/certs/CERT-1",
    "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
    "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
    "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://evil.example",
    "https://api.paypal.com/v1/notifications/certs/",
    "https://API.paypal.com/v1/notifications/certs/CERT-1",
    "https://www.paypal.com/v1/notifications/certs/CERT-1",
    "https:\\\\api.paypal.com/v1/notifications/certs/CERT-1",
    "//api.paypal.com/v1/notifications/certs/CERT-1",
    "",
  ])("is never fetched from %j", async (url) => {
    const fetchText = serving(chain);
    const certificates = new PayPalCertificates({ fetchText });
    expect(await certificates.keyFor(url, NOW_MS)).toEqual({ kind: "refused", fault: "malformed_header" });
    expect(fetchText.calls).toEqual([]);
  });

  test.each([
    ["of somebody else", testCertificate({ name: "paypal.com.evil.example" }).pem],
    ["whose name only ends alike", testCertificate({ name: "evilpaypal.com" }).pem],
    ["that has ended", testCertificate({ name: "a.paypal.com", until: 2021 }).pem],
    ["that another one did not sign", `${testCertificate({ name: "a.paypal.com" }).pem}${authority.pem}`],
  ])("%s is refused", async (_name, pem) => {
    const certificates = new PayPalCertificates({ fetchText: serving(pem) });
    expect(await certificates.keyFor(CERTIFICATE_URL, NOW_MS)).toEqual({
      kind: "refused",
      fault: "wrong_signature",
    });
  });

  test.each([
    ["cannot be fetched", undefined],
    ["is none", "<html>"],
    ["cannot be read", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
  ])("that %s makes the sender try again", async (_name, text) => {
    const certificates = new PayPalCertificates({ fetchText: serving(text) });
    expect(await certificates.keyFor(CERTIFICATE_URL, NOW_MS)).toMatchObject({ kind: "unavailable" });
  });

  test("is not asked for more than 30 times a minute, whatever names are made up", async () => {
    const fetchText = serving(undefined);
    const certificates = new PayPalCertificates({ fetchText });
    for (let index = 0; index < 100; index += 1)
      await certificates.keyFor(`${CERTIFICATE_URL}${index}`, NOW_MS);
    expect(fetchText.calls).toHaveLength(30);
    await certificates.keyFor(CERTIFICATE_URL, NOW_MS + 60_000);
    expect(fetchText.calls).toHaveLength(31);
  });
});
