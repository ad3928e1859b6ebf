import type { ErrorMessage, Ok } from "@tidegate/protocol";
import { publish } from "../handlers/publish.ts";
import { asSeenBy } from "./authenticate.ts";
import { callerOf } from "./caller.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import { type PostedMessage, takeMessage } from "./message-post.ts";
import { problemOf } from "./problem.ts";
import type { Route } from "./route.ts";

/** `POST /v1/publish`: the message `publish`, for clients that hold no WebSocket. */
export function publishRoute(http: HttpContext): Route {
  return {
    path: "/v1/publish",
    method: "POST",
    handle: (call) => takeMessage(http, call, "publish", (posted) => handle(http, call, posted)),
  };
}

async function handle(
  http: HttpContext,
  call: HttpCall,
  { principal, message, text }: PostedMessage<"publish">,
): Promise<void> {
  const key = idempotencyKey(call.head.headers["idempotency-key"], message.key);
  if (!key.ok) {
    call.refuse({ code: "invalid_field", detail: key.detail });
    return;
  }
  const keyed = { ...message, key: key.value };
  const answer = await publish(callerOf(http, principal), keyed, { text, body: undefined });
  if (answer.type === "ok") {
    call.answer(okBody(answer), { "cache-control": "no-store" });
  } else {
    call.refuse(asSeenBy(principal, problemOf(answer as ErrorMessage)));
  }
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
