import {
  namespaceOf,
  type Publish,
  type Request,
  readTraceContext,
  type TraceContext,
} from "@tidegate/protocol";
import type { Span } from "@tidegate/runtime";
import type { PublishLane } from "../namespace-policies.ts";
import type { Caller } from "./session.ts";

/** The way of a client's message to NATS, as far as it is traced. */
interface Upstream {
  readonly span: Span | undefined;
  /** What NATS gets: that of the span, or without one what the client sent. */
  readonly trace: TraceContext | undefined;
}

const UNTRACED: Upstream = { span: undefined, trace: undefined };

/**
 * For a publish that was found to be allowed: what is refused leaves no span. One span for the message, whoever gets it: deliveries to
 * subscribers are counted and timed by metrics. Of the channel it names the namespace alone, since the rest may name people.
 */
export function beginPublish(
  { context: { tracing } }: Caller,
  { channel, traceparent, tracestate }: Publish,
  lane: Exclude<PublishLane, "none">,
  bytes: number,
): Upstream {
  if (tracing === undefined && traceparent === undefined) return UNTRACED;
  const parent = readTraceContext(traceparent, tracestate);
  if (tracing === undefined) return { span: undefined, trace: parent };
  const template = `${namespaceOf(channel)}.>`;
  const span = tracing.begin({
    name: `publish ${template}`,
    kind: "producer",
    parent,
    trusted: false,
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.template": template,
      "messaging.message.body.size": bytes,
      "tidegate.lane": lane,
    },
  });
  return { span, trace: span.link };
}

/** For a request that was found to be allowed. Of the method it names service and method; further tokens may name people. */
export function beginRequest(
  { context: { tracing } }: Caller,
  { method, traceparent, tracestate }: Request,
  bytes: number,
): Upstream {
  if (tracing === undefined && traceparent === undefined) return UNTRACED;
  const parent = readTraceContext(traceparent, tracestate);
  if (tracing === undefined) return { span: undefined, trace: parent };
  const template = requestTemplate(method);
  const span = tracing.begin({
    name: `request ${template}`,
    kind: "client",
    parent,
    trusted: false,
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.name": "request",
      "messaging.operation.type": "send",
      "messaging.destination.template": template,
      "messaging.message.body.size": bytes,
    },
  });
  return { span, trace: span.link };
}

function requestTemplate(method: string): string {
  const [service, name, ...rest] = method.split(".");
  return `rpc.${service}.${name}${rest.length === 0 ? "" : ".>"}`;
}
