import { verify as verifyBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { clockSkew } from "../../signing/clock-skew.ts";
import { decodeBase64 } from "../../signing/strict-base64.ts";
import { genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";
import { readJsonFields } from "./json-body.ts";
import type { PayPalCertificates } from "./paypal-certificates.ts";

const ALGORITHM = "SHA256withRSA";
/** PayPal repeats a delivery for three days and does not say whether the time is then a new one. */
const REPETITION_SECONDS = 8 * 24 * 3600;
const INTERNET_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/**
 * PayPal: id, time, the id of the webhook and a checksum of the body, signed with a key whose certificate PayPal serves.
 *
 * The checksum is not a hash: who has one delivery can make another body that fits. It can only stand in for that one delivery,
 * though, since its id is signed: whichever comes first is kept. Look up what matters at PayPal by the id in the body.
 *
 * @param webhookIds as PayPal's dashboard shows them: they are part of what is signed.
 */
export function paypalScheme(webhookIds: readonly string[], certificates: PayPalCertificates): HookScheme {
  return {
    contentTypes: [JSON_TYPE],
    acceptance: undefined,
    verify: async (request, nowMs) => {
      const id = request.header("paypal-transmission-id");
      const time = request.header("paypal-transmission-time");
      const signature = request.header("paypal-transmission-sig");
      const certificateUrl = request.header("paypal-cert-url");
      const algorithm = request.header("paypal-auth-algo");
      if (
        id === undefined ||
        time === undefined ||
        signature === undefined ||
        certificateUrl === undefined ||
        algorithm === undefined
      ) {
        return refused("missing_header");
      }
      const bytes = decodeBase64(signature);
      if (algorithm !== ALGORITHM || bytes === undefined || id.includes("|") || !INTERNET_TIME.test(time)) {
        return refused("malformed_header");
      }
      const seconds = Math.floor(Date.parse(time) / 1000);
      if (Number.isNaN(seconds)) return refused("malformed_header");
      if (clockSkew(seconds, nowMs) === "too_new") return refused("too_new");
      if (clockSkew(seconds, nowMs, REPETITION_SECONDS) === "too_old") return refused("too_old");

      const certificate = await certificates.keyFor(certificateUrl, nowMs);
      if (certificate.kind === "unavailable") return certificate;
      if (certificate.kind === "refused") return refused(certificate.fault);
      const checksum = crc32(request.body);
      const genuineOne = webhookIds.some((webhookId) =>
        verifyBytes("sha256", Buffer.from(`${id}|${time}|${webhookId}|${checksum}`), certificate.key, bytes),
      );
      if (!genuineOne) return refused("wrong_signature");
      const fields = readJsonFields(request.body);
      if (fields === undefined) return refused("malformed_body");
      return genuine(id, fields["event_type"], "missing_header");
    },
  };
}
