import { clockSkew, readUnixSeconds } from "../../signing/clock-skew.ts";
import { hmacMatches } from "./hmac-match.ts";
import { genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";
import { readJsonFields } from "./json-body.ts";

/** During a rotation there are two signatures, and those of older schemes besides. */
const MOST_PARTS = 16;

/** Stripe: `t=<seconds>,v1=<hex>`, over time and body. The key is the whole text of the secret, `whsec_` included. */
export function stripeScheme(secrets: readonly string[]): HookScheme {
  return {
    contentTypes: [JSON_TYPE],
    acceptance: undefined,
    verify: (request, nowMs) => {
      const header = request.header("stripe-signature");
      if (header === undefined) return refused("missing_header");
      const { timestamp, signatures } = readStripeSignature(header);
      const seconds = timestamp === undefined ? undefined : readUnixSeconds(timestamp);
      if (seconds === undefined || signatures.length === 0) return refused("malformed_header");
      const skew = clockSkew(seconds, nowMs);
      if (skew !== "fits") return refused(skew);
      const match = { algorithm: "sha256", encoding: "hex", signatures } as const;
      if (!hmacMatches(match, secrets, [`${timestamp}.`, request.body])) return refused("wrong_signature");
      const event = readJsonFields(request.body);
      return genuine(event?.["id"], event?.["type"], "malformed_body");
    },
  };
}

interface StripeSignature {
  /** undefined unless there is exactly one. */
  readonly timestamp: string | undefined;
  readonly signatures: readonly string[];
}

function readStripeSignature(header: string): StripeSignature {
  const parts = header.split(",", MOST_PARTS).map((part) => part.trim());
  const valuesOf = (name: string): readonly string[] =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const times = valuesOf("t");
  return { timestamp: times.length === 1 ? times[0] : undefined, signatures: valuesOf("v1") };
}
