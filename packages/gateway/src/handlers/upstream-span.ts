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

/** One way up. A constant each, so that what is not traced allocates nothing. */
interface Operation<Message> {
  readonly name: "publish" | "request";
  readonly kind: "producer" | "client";
  /** The part of where it goes that names no people. */
  readonly templateOf: (message: Message) => string;
}

const PUBLISH: Operation<Publish> = {
  name: "publish",
  kind: "producer",
  templateOf: ({ channel }) => `${namespaceOf(channel)}.>`,
};

/** Service and method; further tokens may name people. */
const REQUEST: Operation<Request> = {
  name: "request",
  kind: "client",
  templateOf: ({ method }) => {
    const [service, name, ...rest] = method.split(".");
    return `rpc.${service}.${name}${rest.length === 0 ? "" : ".>"}`;
  },
};

/**
 * For a publish that was found to be allowed: what is refused leaves no span. One span for the message, whoever gets it: deliveries to
 * subscribers are counted and timed by metrics.
 */
export function beginPublish(
  caller: Caller,
  message: Publish,
  lane: Exclude<PublishLane, "none">,
  bytes: number,
): Upstream {
  const upstream = begin(PUBLISH, caller, message, bytes);
  upstream.span?.set("tidegate.lane", lane);
  return upstream;
}

/** For a request that was found to be allowed. */
export function beginRequest(caller: Caller, message: Request, bytes: number): Upstream {
  return begin(REQUEST, caller, message, bytes);
}

function begin<Message extends Publish | Request>(
  { name, kind, templateOf }: Operation<Message>,
  { context: { tracing } }: Caller,
  message: Message,
  bytes: number,
): Upstream {
  const { traceparent, tracestate } = message;
  if (tracing === undefined && traceparent === undefined) return UNTRACED;
  const parent = readTraceContext(traceparent, tracestate);
  if (tracing === undefined) return { span: undefined, trace: parent };
  const template = templateOf(message);
  const span = tracing.begin({
    name: `${name} ${template}`,
    kind,
    parent,
    trusted: false,
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.name": name,
      "messaging.operation.type": "send",
      "messaging.destination.template": template,
      "messaging.message.body.size": bytes,
    },
  });
  return { span, trace: span.link };
}
