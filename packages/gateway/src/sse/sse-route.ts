import { type Cursor, decodeCursor } from "@tidegate/protocol";
import { admitted } from "../http/admitted.ts";
import { asSeenBy, authenticate } from "../http/authenticate.ts";
import { enter } from "../http/guest.ts";
import { type HttpCall, isRetryable } from "../http/http-call.ts";
import type { HttpContext } from "../http/http-context.ts";
import type { StreamOwner } from "../http/http-exchange.ts";
import type { Problem } from "../http/problem.ts";
import { readChannels, readChoice } from "../http/query.ts";
import { forbiddenChannel } from "../http/readable-channels.ts";
import type { Route } from "../http/route.ts";
import { EventStream } from "./event-stream.ts";
import type { EventStreams } from "./event-streams.ts";
import { retryText } from "./event-text.ts";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  // nginx would wait for a buffer to be full.
  "x-accel-buffering": "no",
};

/** A cursor of no stream: everything that it is asked about is of another epoch. */
const NOWHERE: Cursor = new Map();

const NOBODY: StreamOwner = { writable: () => {}, gone: () => {} };

/** `GET /v1/sse`: messages as they come, for EventSource. */
export function sseRoute(http: HttpContext, streams: EventStreams): Route {
  return { path: "/v1/sse", method: "GET", handle: (call) => handle(http, streams, call) };
}

async function handle(http: HttpContext, streams: EventStreams, call: HttpCall): Promise<void> {
  const { node, roster } = http;
  const turnedAway = await admitted(http);
  if (turnedAway !== undefined) {
    comeBack(call, turnedAway.retryAfterMs);
    return;
  }
  const authentication = await authenticate(http, call);
  if (!authentication.ok) {
    refuse(call, streams, authentication.problem);
    return;
  }
  const { principal } = authentication;
  const channels = readChannels(call.query, node.limits.subscriptionsPerConnection, node.policies);
  const format = readChoice(call.query, "format", ["raw", "json"]);
  const wrong = channels.ok ? (format.ok ? undefined : format.problem) : channels.problem;
  if (!channels.ok || !format.ok) {
    call.refuse(wrong ?? { code: "invalid_field", detail: "the address is wrong" });
    return;
  }
  const forbidden = forbiddenChannel(node.policies, principal, channels.value);
  if (forbidden !== undefined) {
    call.refuse(asSeenBy(principal, forbidden));
    return;
  }
  // Not asked before the wait for the token: whoever comes in while the node leaves would be forgotten.
  if (roster.isLeaving || node.broker.state !== "connected") {
    comeBack(call, streams.reconnectMs());
    return;
  }
  const stream = new EventStream(streams, principal, node.events === undefined ? "" : http.newId());
  const refusal = enter(roster, stream, call.head.address);
  if (refusal !== undefined) {
    refuse(call, streams, refusal);
    return;
  }
  const response = call.stream(HEADERS, Buffer.from(retryText(streams.reconnectMs())), stream);
  if (response === undefined) {
    roster.leave(stream);
    return;
  }
  streams.opened(stream);
  const wanted = format.value === "json" ? "object-event" : "event";
  stream.begin(response, channels.value, wanted, resumedFrom(call));
}

/** The header wins: it is of this connection's past, the parameter of the page's. */
function resumedFrom({ head, query }: HttpCall): Cursor | undefined {
  const header = head.headers["last-event-id"];
  const text = header === "" ? query.get("last_event_id") : header;
  return text === null || text === "" ? undefined : (decodeCursor(text) ?? NOWHERE);
}

/** Every status but 200 is final for an EventSource: what may pass is no error. */
function refuse(call: HttpCall, streams: EventStreams, problem: Problem): void {
  if (isRetryable(problem)) {
    comeBack(call, streams.reconnectMs() + (problem.retryAfter ?? 0));
  } else {
    call.refuse(problem);
  }
}

/** Answers with nothing but when to come back. */
function comeBack(call: HttpCall, reconnectMs: number): void {
  call.stream(HEADERS, Buffer.from(retryText(reconnectMs)), NOBODY)?.end();
}
