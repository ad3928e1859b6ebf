import { readPage } from "../handlers/read-page.ts";
import { asSeenBy, authenticate } from "./authenticate.ts";
import { callerOf } from "./caller.ts";
import { answerCacheable } from "./entity-tag.ts";
import { hosted } from "./guest.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import { readInteger } from "./query.ts";
import type { Route } from "./route.ts";

const LIMITS = { min: 1, max: 1000, fallback: 100 };

/** `GET /v1/history/<channel>`: the message `history`. */
export function historyRoute(http: HttpContext): Route {
  return { path: "/v1/history/{channel}", method: "GET", handle: (call) => handle(http, call) };
}

async function handle(http: HttpContext, call: HttpCall): Promise<void> {
  await hosted(http.roster, call, async () => {
    const authentication = await authenticate(http, call);
    if (!authentication.ok) {
      call.refuse(authentication.problem);
      return;
    }
    const { principal } = authentication;
    const limit = readInteger(call.query, "limit", LIMITS);
    if (!limit.ok) {
      call.refuse(limit.problem);
      return;
    }
    const page = await readPage(callerOf(http, principal), {
      channel: call.rest,
      before: call.query.get("before") ?? undefined,
      after: call.query.get("after") ?? undefined,
      limit: limit.value,
    });
    if (page.ok) {
      const body = `{${page.fields}}`;
      answerCacheable(call, body, body);
    } else {
      const problem = { code: page.code, detail: page.message, channel: call.rest };
      call.refuse(asSeenBy(principal, problem));
    }
  });
}
