import { textPayload } from "../fan-out/text-payload.ts";
import { callService, refuseRequest } from "../handlers/request.ts";
import { asSeenBy } from "./authenticate.ts";
import { callerOf } from "./caller.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import { type PostedMessage, takeMessage } from "./message-post.ts";
import { problemOf } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/request`: the message `request`, for clients that hold no WebSocket. */
export function requestRoute(http: HttpContext): Route {
  return {
    path: "/v1/request",
    method: "POST",
    handle: (call) => takeMessage(http, call, "request", (posted) => handle(http, call, posted)),
  };
}

async function handle(
  http: HttpContext,
  call: HttpCall,
  { principal, message, text, signal }: PostedMessage<"request">,
): Promise<void> {
  const caller = callerOf(http, principal);
  const source = { text, body: undefined };
  const answer = refuseRequest(caller, message) ?? (await callService(caller, message, source, signal));
  if (answer === undefined) {
    return;
  }
  if (answer.type === "reply") {
    call.answer(replyBody(answer.payload), { "cache-control": "no-store" });
  } else {
    call.refuse(asSeenBy(principal, problemOf(answer)));
  }
}

/** A backend's empty reply has no `data`. */
function replyBody(payload: Uint8Array): string {
  if (payload.byteLength === 0) {
    return "{}";
  }
  const { json, encoding } = textPayload(payload);
  return encoding === undefined ? `{"data":${json}}` : `{"data":${json},"encoding":"${encoding}"}`;
}
