import type { MsgHdrs } from "@nats-io/transport-node";
import { Match } from "@nats-io/transport-node";
import { readTraceContext, TRACEPARENT, TRACESTATE, type TraceContext } from "@tidegate/protocol";

/**
 * The trace that a message on NATS belongs to; undefined for none, or one that is not valid. Libraries of some languages write names of headers
 * in capitals of their own.
 */
export function traceOfHeaders(block: MsgHdrs | undefined): TraceContext | undefined {
  const traceparent = block?.last(TRACEPARENT, Match.IgnoreCase) ?? "";
  return traceparent === ""
    ? undefined
    : readTraceContext(traceparent, block?.last(TRACESTATE, Match.IgnoreCase));
}

export function setTraceHeaders(block: MsgHdrs, trace: TraceContext | undefined): void {
  if (trace === undefined) return;
  block.set(TRACEPARENT, trace.traceparent);
  if (trace.tracestate !== undefined) block.set(TRACESTATE, trace.tracestate);
}
