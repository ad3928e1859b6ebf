import { hmacMatches } from "./hmac-match.ts";
import { genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";

/** Shopify: the body alone is signed. Its newer kind of subscriptions names the headers without `x-`. */
export function shopifyScheme(secrets: readonly string[]): HookScheme {
  return {
    contentTypes: [JSON_TYPE, "application/xml", "text/xml"],
    acceptance: undefined,
    verify: (request) => {
      const header = (name: string): string | undefined =>
        request.header(`x-shopify-${name}`) ?? request.header(`shopify-${name}`);
      const signature = header("hmac-sha256");
      if (signature === undefined) return refused("missing_header");
      const match = { algorithm: "sha256", encoding: "base64", signatures: [signature] } as const;
      if (!hmacMatches(match, secrets, [request.body])) return refused("wrong_signature");
      return genuine(header("webhook-id"), header("topic"), "missing_header");
    },
  };
}
