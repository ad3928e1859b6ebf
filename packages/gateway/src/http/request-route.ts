import { textPayload } from "../fan-out/text-payload.ts";
import { callService, refuseRequest } from "../handlers/request.ts";
import { asSeenBy, authenticate } from "./authenticate.ts";
import { callerOf } from "./caller.ts";
import { hosted } from "./guest.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import { bodyProblem, readJsonBody, tooLarge } from "./json-body.ts";
import { problemOf } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/request`: the message `request`, for clients that hold no WebSocket. */
export function requestRoute(http: HttpContext): Route {
  return { path: "/v1/request", method: "POST", handle: (call) => handle(http, call) };
}

async function handle(http: HttpContext, call: HttpCall): Promise<void> {
  const { frameBytes } = http.node.limits;
  const unfit = bodyProblem(call.head, frameBytes);
  if (unfit !== undefined) {
    call.refuse(unfit);
    return;
  }
  const reading = call.exchange.readBody(frameBytes);
  await hosted(http.roster, call, async (signal) => {
    const authentication = await authenticate(http, call);
    if (!authentication.ok) {
      call.refuse(authentication.problem);
      return;
    }
    const { principal } = authentication;
    const read = await reading;
    if (read.kind !== "body") {
      call.refuse(tooLarge(frameBytes));
      return;
    }
    const body = readJsonBody(read.bytes, "request");
    if (!body.ok) {
      call.refuse(body.problem);
      return;
    }
    const caller = callerOf(http, principal);
    const source = { text: body.text, body: undefined };
    const answer =
      refuseRequest(caller, body.message) ?? (await callService(caller, body.message, source, signal));
    if (answer === undefined) {
      return;
    }
    if (answer.type === "reply") {
      call.answer(replyBody(answer.payload), { "cache-control": "no-store" });
    } else {
      call.refuse(asSeenBy(principal, problemOf(answer)));
    }
  });
}

/** A backend's empty reply has no `data`. */
function replyBody(payload: Uint8Array): string {
  if (payload.byteLength === 0) {
    return "{}";
  }
  const { json, encoding } = textPayload(payload);
  return encoding === undefined ? `{"data":${json}}` : `{"data":${json},"encoding":"${encoding}"}`;
}
