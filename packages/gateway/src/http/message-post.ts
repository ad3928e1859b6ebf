import type { ClientMessage } from "@tidegate/protocol";
import type { Principal } from "../namespace-policies.ts";
import { authenticate } from "./authenticate.ts";
import { hosted } from "./guest.ts";
import type { HttpCall } from "./http-call.ts";
import type { HttpContext } from "./http-context.ts";
import type { RequestHead } from "./http-exchange.ts";
import { bodyProblem, type JsonBody, readJsonBody, tooLarge } from "./json-body.ts";

type PostedType = "publish" | "request";

/** A client message that came as the body of a request, and whose it is. */
export interface PostedMessage<Type extends PostedType> {
  readonly principal: Principal;
  readonly message: Extract<ClientMessage, { readonly type: Type }>;
  /** The body, from which a payload is read as it was written. */
  readonly text: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Takes a client message from the body of a request, for `handle` to answer; refuses what is not one, and whoever may not come.
 * What the head says already is refused before the body is read.
 */
export async function takeMessage<Type extends PostedType>(
  http: HttpContext,
  call: HttpCall,
  type: Type,
  handle: (posted: PostedMessage<Type>) => Promise<void>,
): Promise<void> {
  const { frameBytes } = http.node.limits;
  const unfit = bodyProblem(call.head, frameBytes);
  if (unfit !== undefined) {
    call.refuse(unfit);
    return;
  }
  // The body comes meanwhile, whoever sends it.
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
    const body: JsonBody<Type> = readJsonBody(read.bytes, type);
    if (!body.ok) {
      call.refuse(body.problem);
      return;
    }
    const { message, text } = body;
    await handle({ principal, message: traced(call.head, message), text, signal });
  });
}

/** The header wins over the field: it is what proxies on the way know of. */
function traced<Message extends object>({ headers }: RequestHead, message: Message): Message {
  const { traceparent, tracestate } = headers;
  return traceparent === "" ? message : { ...message, traceparent, tracestate };
}
