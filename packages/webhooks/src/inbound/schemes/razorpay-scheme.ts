import { hmacMatches } from "./hmac-match.ts";
import { genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";
import { readJsonFields } from "./json-body.ts";

/**
 * Razorpay: the body alone is signed. Repetitions of older events are signed with the secret of their time: keep the old one
 * listed for a week.
 */
export function razorpayScheme(secrets: readonly string[]): HookScheme {
  return {
    contentTypes: [JSON_TYPE],
    acceptance: undefined,
    verify: (request) => {
      const signature = request.header("x-razorpay-signature");
      if (signature === undefined) return refused("missing_header");
      const match = { algorithm: "sha256", encoding: "hex", signatures: [signature] } as const;
      if (!hmacMatches(match, secrets, [request.body])) return refused("wrong_signature");
      const id = request.header("x-razorpay-event-id");
      return genuine(id, readJsonFields(request.body)?.["event"], "missing_header");
    },
  };
}
