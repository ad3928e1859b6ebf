import { VERIFICATION_FAILURES } from "@tidegate/auth";
import { handshakeToken } from "../credentials.ts";
import { verifyToken } from "../handlers/verify-token.ts";
import type { Principal } from "../namespace-policies.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import type { Problem } from "./problem.ts";

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Finds out who sent a request, by the token that came with it, and counts it against the rate of that user; or of the
 * address, where it is nobody or the token is refused.
 */
export async function authenticate(http: HttpContext, call: HttpCall): Promise<Authentication> {
  const { node, origins, cookieName } = http;
  const { headers, address } = call.head;
  const cookies = origins.allowsCookies(headers.origin, headers.host) ? cookieName : undefined;
  const token = handshakeToken({ ...headers, subprotocols: "" }, call.query, cookies);
  if (token === undefined) {
    if (!node.policies.admitsAnonymous) {
      node.instruments.authentications.token_missing.inc();
      return limited(http, `address:${address}`) ?? refused("token_missing", "send a token");
    }
    node.instruments.authentications.anonymous.inc();
    return limited(http, `address:${address}`) ?? { ok: true, principal: undefined };
  }
  const verification = await verifyToken(node, token);
  if (!verification.ok) {
    const { error } = VERIFICATION_FAILURES[verification.failure];
    return limited(http, `address:${address}`) ?? refused(error, verification.message);
  }
  node.instruments.authentications.ok.inc();
  const { identity } = verification;
  return limited(http, `user:${identity.user}`) ?? { ok: true, principal: identity };
}

/** What is forbidden to nobody may be allowed to somebody: without a token, that is what is missing. */
export function asSeenBy(principal: Principal, problem: Problem): Problem {
  return principal === undefined && problem.code === "forbidden"
    ? { ...problem, code: "token_missing" }
    : problem;
}

function limited({ rates, options }: HttpContext, key: string): Authentication | undefined {
  const retryAfter = rates.take(key);
  return retryAfter === undefined
    ? undefined
    : {
        ok: false,
        problem: {
          code: "rate_limited",
          detail: `at most ${options.requestsPerSecond} requests a second`,
          retryAfter,
        },
      };
}

function refused(code: Problem["code"], detail: string): Authentication {
  return { ok: false, problem: { code, detail } };
}
