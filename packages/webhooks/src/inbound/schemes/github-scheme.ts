import { hmacMatches } from "./hmac-match.ts";
import { FORM_TYPE, genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";

const PREFIX = "sha256=";

/** GitHub: the body alone is signed, neither a time nor the delivery's id. */
export function githubScheme(secrets: readonly string[]): HookScheme {
  return {
    contentTypes: [JSON_TYPE, FORM_TYPE],
    acceptance: undefined,
    verify: (request) => {
      const header = request.header("x-hub-signature-256");
      if (header === undefined) return refused("missing_header");
      if (!header.startsWith(PREFIX)) return refused("malformed_header");
      const match = {
        algorithm: "sha256",
        encoding: "hex",
        signatures: [header.slice(PREFIX.length)],
      } as const;
      if (!hmacMatches(match, secrets, [request.body])) return refused("wrong_signature");
      return genuine(request.header("x-github-delivery"), request.header("x-github-event"), "missing_header");
    },
  };
}
