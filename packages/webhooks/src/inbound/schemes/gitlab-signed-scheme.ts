import { type HookScheme, JSON_TYPE } from "./hook-scheme.ts";
import { signedByStandard } from "./standard-scheme.ts";

/**
 * GitLab with a signing token: Standard Webhooks, and the kind of event in a header.
 *
 * @throws WebhooksError `invalid` for a secret that is none.
 */
export function gitlabSignedScheme(secrets: readonly string[]): HookScheme {
  const scheme = signedByStandard(secrets, (request) => request.header("x-gitlab-event"));
  return { ...scheme, contentTypes: [JSON_TYPE] };
}
