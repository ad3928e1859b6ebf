import type { ErrorMessage, Ok } from "@tidegate/protocol";
import { publish } from "../handlers/publish.ts";
import { asSeenBy, authenticate } from "./authenticate.ts";
import { callerOf } from "./caller.ts";
import { hosted } from "./guest.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import { bodyProblem, readJsonBody, tooLarge } from "./json-body.ts";
import { problemOf } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/publish`: the message `publish`, for clients that hold no WebSocket. */
export function publishRoute(http: HttpContext): Route {
  return { path: "/v1/publish", method: "POST", handle: (call) => handle(http, call) };
}

async function handle(http: HttpContext, call: HttpCall): Promise<void> {
  const { frameBytes } = http.node.limits;
  const unfit = bodyProblem(call.head, frameBytes);
  if (unfit !== undefined) {
    call.refuse(unfit);
    return;
  }
  const reading = call.exchange.readBody(frameBytes);
  await hosted(http.roster, call, async () => {
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
    const body = readJsonBody(read.bytes, "publish");
    if (!body.ok) {
      call.refuse(body.problem);
      return;
    }
    const key = idempotencyKey(call.head.headers["idempotency-key"], body.message.key);
    if (!key.ok) {
      call.refuse({ code: "invalid_field", detail: key.detail });
      return;
    }
    const message = { ...body.message, key: key.value };
    const answer = await publish(callerOf(http, principal), message, { text: body.text, body: undefined });
    if (answer.type === "ok") {
      call.answer(okBody(answer), { "cache-control": "no-store" });
    } else {
      call.refuse(asSeenBy(principal, problemOf(answer as ErrorMessage)));
    }
  });
}

type Key =
  | { readonly ok: true; readonly value: string | undefined }
  | { readonly ok: false; readonly detail: string };

const LONGEST_KEY = 128;

function idempotencyKey(header: string, field: string | undefined): Key {
  if (header === "") {
    return { ok: true, value: field };
  }
  if (field !== undefined && field !== header) {
    return { ok: false, detail: '"key" and the header Idempotency-Key differ' };
  }
  return header.length > LONGEST_KEY || /\p{Cc}/u.test(header)
    ? {
        ok: false,
        detail: `Idempotency-Key must be 1 to ${LONGEST_KEY} characters without control characters`,
      }
    : { ok: true, value: header };
}

function okBody({ cursor, duplicate }: Ok): string {
  return JSON.stringify({ cursor, duplicate });
}
