import type { MsgHdrs } from "@nats-io/transport-node";
import { headers as newHeaders } from "@nats-io/transport-node";
import { TRACEPARENT, TRACESTATE } from "@tidegate/protocol";
import { HOPS_HEADER } from "../hops.ts";
import { setTraceHeaders } from "../trace-headers.ts";
import type { HookHeaders } from "./hook-store.ts";

/** As on every other message; becomes `event:` of SSE. */
const EVENT = "Tidegate-Event";
const SOURCE = "Tidegate-Hook-Source";
const SCHEME = "Tidegate-Hook-Scheme";
const ID = "Tidegate-Hook-Id";
const CONTENT_TYPE = "Tidegate-Hook-Content-Type";

/** What would end a header line for one parser or another; values come from senders. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const LONGEST_EVENT = 255;

/** The headers of a delivery on NATS. */
export function hookMessageHeaders({
  source,
  scheme,
  id,
  event,
  contentType,
  hops,
  trace,
}: HookHeaders): MsgHdrs {
  const headers = newHeaders();
  headers.append(SOURCE, source);
  headers.append(SCHEME, scheme);
  headers.append(ID, id);
  if (event !== undefined) {
    const line = event.slice(0, LONGEST_EVENT).replace(LINE_BREAKING, "\uFFFD").trim();
    if (line !== "") headers.append(EVENT, line);
  }
  if (contentType !== "") headers.append(CONTENT_TYPE, contentType);
  if (hops > 0) headers.append(HOPS_HEADER, String(hops));
  setTraceHeaders(headers, trace);
  return headers;
}

/** The same headers for the channel: those of the store say nothing there. */
export function channelMessageHeaders(stored: MsgHdrs | undefined): MsgHdrs {
  const headers = newHeaders();
  for (const name of [EVENT, SOURCE, SCHEME, ID, CONTENT_TYPE, HOPS_HEADER, TRACEPARENT, TRACESTATE]) {
    const value = stored?.get(name) ?? "";
    if (value !== "") headers.append(name, value);
  }
  return headers;
}
