import { createHash } from "node:crypto";
import { sameBytes } from "../../signing/same-bytes.ts";
import { hmacMatches } from "./hmac-match.ts";
import { FORM_TYPE, genuine, type HookRequest, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";

const BODY_HASH = "bodySHA256";
const EVENT_FIELDS = ["EventType", "MessageStatus", "CallStatus"] as const;

/**
 * Twilio: the address that it was told, and the fields of the form in the order of their names; for JSON, the address with the hash
 * of the body in its query.
 *
 * @param publicUrl the address as Twilio knows it, without a query. What proxies make of it is of no use.
 * @throws TypeError if it is no address.
 */
export function twilioScheme(secrets: readonly string[], publicUrl: string): HookScheme {
  const addresses = addressForms(publicUrl);
  return {
    contentTypes: [JSON_TYPE, FORM_TYPE],
    // Text would be sent back to the telephone. This asks for nothing.
    acceptance: { contentType: "text/xml", text: "<Response/>" },
    verify: (request) => {
      const signature = request.header("x-twilio-signature");
      if (signature === undefined) return refused("missing_header");
      const query = queryOf(request.target);
      const form = new URLSearchParams(
        request.contentType === FORM_TYPE ? request.body.toString("utf8") : "",
      );
      const bodyHash = new URLSearchParams(query).get(BODY_HASH);
      // With the hash in the address no field of the form is signed; without it, nothing of a JSON body is.
      if (bodyHash === null ? request.contentType !== FORM_TYPE : !hashes(request.body, bodyHash)) {
        return refused("wrong_signature");
      }
      const fields = bodyHash === null ? joinedFields(form) : "";
      const match = { algorithm: "sha1", encoding: "base64", signatures: [signature] } as const;
      if (!addresses.some((address) => hmacMatches(match, secrets, [address, query, fields]))) {
        return refused("wrong_signature");
      }
      const event = EVENT_FIELDS.map((name) => form.get(name)).find((value) => value !== null);
      return genuine(deliveryId(request, query, fields), event, "missing_header");
    },
  };
}

/** Twilio signs the address with its port or without, whichever it was told. */
function addressForms(publicUrl: string): readonly string[] {
  const { protocol, hostname, port, pathname } = new URL(publicUrl);
  const usual = protocol === "https:" ? "443" : "80";
  return [
    publicUrl,
    `${protocol}//${hostname}${pathname}`,
    `${protocol}//${hostname}:${port === "" ? usual : port}${pathname}`,
  ].filter((address, index, all) => all.indexOf(address) === index);
}

function queryOf(target: string): string {
  const start = target.indexOf("?");
  return start === -1 ? "" : target.slice(start);
}

function hashes(body: Uint8Array, hex: string): boolean {
  return sameBytes(createHash("sha256").update(body).digest("hex"), hex);
}

/** Names in order, each with its values in order and every value once. */
function joinedFields(form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort();
  return names
    .flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => `${name}${value}`))
    .join("");
}

/** Repetitions have the same token. Without one, what is signed is what there is to go by. */
function deliveryId(request: HookRequest, query: string, fields: string): string {
  return (
    request.header("i-twilio-idempotency-token") ??
    createHash("sha256").update(query).update("\n").update(fields).digest("base64url")
  );
}
