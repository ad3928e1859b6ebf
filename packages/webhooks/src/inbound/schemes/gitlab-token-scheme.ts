import { createHash } from "node:crypto";
import { sameBytes } from "../../signing/same-bytes.ts";
import { genuine, type HookScheme, JSON_TYPE, refused } from "./hook-scheme.ts";

/**
 * GitLab with a secret token, which it sends along as it is: nothing is signed, and whoever sees one request can make others.
 * For versions without signing tokens.
 */
export function gitlabTokenScheme(secrets: readonly string[]): HookScheme {
  const expected = secrets.map(digest);
  return {
    contentTypes: [JSON_TYPE],
    acceptance: undefined,
    verify: (request) => {
      const token = request.header("x-gitlab-token");
      if (token === undefined) return refused("missing_header");
      // Digests have one length, so that the time of the comparison does not tell that of the secret.
      const given = digest(token);
      if (!expected.some((one) => sameBytes(one, given))) return refused("wrong_signature");
      return genuine(request.header("idempotency-key"), request.header("x-gitlab-event"), "missing_header");
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
