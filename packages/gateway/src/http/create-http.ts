import type { GatewayMetrics } from "../metrics.ts";
import type { NodeContext } from "../node-context.ts";
import type { OriginPolicy } from "../origin-policy.ts";
import { pollRoute } from "../poll/poll-route.ts";
import { Polls } from "../poll/polls.ts";
import type { Roster } from "../roster.ts";
import { EventStreams } from "../sse/event-streams.ts";
import { sseRoute } from "../sse/sse-route.ts";
import { historyRoute } from "./history-route.ts";
import type { HttpContext, HttpOptions } from "./http-context.ts";
import { HttpEdge } from "./http-edge.ts";
import { HttpInstruments } from "./http-instruments.ts";
import { openApiRoute } from "./openapi-route.ts";
import { publishRoute } from "./publish-route.ts";
import { RequestRates } from "./request-rates.ts";
import { requestRoute } from "./request-route.ts";
import { webSocketRoute } from "./upgrade-refusal.ts";

export interface HttpParts {
  readonly node: NodeContext;
  readonly options: HttpOptions;
  readonly origins: OriginPolicy;
  readonly cookieName: string | undefined;
  readonly roster: Roster;
  readonly metrics: GatewayMetrics;
  readonly newId: () => string;
}

/** The HTTP side of a node. */
export interface Http {
  readonly edge: HttpEdge;
  readonly streams: EventStreams;
  readonly polls: Polls;
}

export function createHttp(parts: HttpParts): Http {
  const { node, options, metrics } = parts;
  const http: HttpContext = {
    ...parts,
    rates: new RequestRates(options, node.wheel, node.uptime),
    instruments: new HttpInstruments(metrics),
  };
  const streams = new EventStreams(http);
  const polls = new Polls();
  const edge = new HttpEdge(http, [
    webSocketRoute,
    sseRoute(http, streams),
    pollRoute(http, polls),
    historyRoute(http),
    publishRoute(http),
    requestRoute(http),
    openApiRoute,
  ]);
  return { edge, streams, polls };
}
