import { type ErrorCode, REVISION } from "@tidegate/protocol";
import {
  AFTER,
  BEFORE,
  CHANNEL,
  CHANNELS,
  CURSOR_PARAMETER,
  FORMAT,
  IDEMPOTENCY_KEY,
  IF_NONE_MATCH,
  LAST_EVENT_ID_HEADER,
  LAST_EVENT_ID_PARAMETER,
  PAGE_LIMIT,
  type Parameter,
  POLL_LIMIT,
  REQUEST_ID,
  TIMEOUT,
  TRACEPARENT_HEADER,
  TRACESTATE_HEADER,
} from "./parameters.ts";
import { EVENT_STREAM, json, NOT_MODIFIED, problems, type Responses } from "./responses.ts";
import { SCHEMAS } from "./schemas.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Responses;
}

/** The parts of an OpenAPI document that are used here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: object;
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<"get" | "post", Operation>>>>>;
  readonly components: { readonly schemas: typeof SCHEMAS; readonly securitySchemes: object };
}

/** What every request may come to. */
const ALWAYS: readonly ErrorCode[] = ["origin_denied", "internal_error"];
const TOKEN: readonly ErrorCode[] = ["token_missing", "token_invalid", "token_expired"];
/** Where what passes is a status and not the end of a stream. */
const BUSY: readonly ErrorCode[] = [
  "rate_limited",
  "address_limit",
  "node_full",
  "keys_unavailable",
  "broker_unavailable",
];
const BODY: readonly ErrorCode[] = [
  "malformed",
  "invalid_field",
  "channel_invalid",
  "payload_too_large",
  "unsupported_media_type",
];

function body(schema: string): object {
  return {
    required: true,
    content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

/** The HTTP interface of a node, as it is served and checked by tests against a running one. */
export const OPENAPI: OpenApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "Tidegate",
    version: `1.${REVISION}`,
    summary: "Channels of NATS subjects over HTTP: event streams, polling, history, publishing and requests.",
    description: [
      "PROTOCOL.md is normative. Every address answers `OPTIONS` with 204 and those of `GET` also `HEAD`; other methods are answered 405, and other addresses 404, by a `Problem`.",
      "Requests that are no HTTP, or whose headers together are larger than the node takes (4 KiB unless configured otherwise), are answered 400, 431 or 505 without a `Problem`.",
      "With a token in a cookie, requests need an `Origin` that the operator lists.",
    ].join(" "),
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  security: [{ bearer: [] }, { query: [] }, {}],
  paths: {
    "/v1/sse": {
      get: {
        operationId: "streamEvents",
        summary: "Messages as they come, for EventSource.",
        parameters: [CHANNELS, FORMAT, LAST_EVENT_ID_PARAMETER, LAST_EVENT_ID_HEADER, REQUEST_ID],
        responses: {
          200: EVENT_STREAM,
          ...problems(["invalid_field", "channel_invalid", ...TOKEN, "forbidden", ...ALWAYS]),
        },
      },
    },
    "/v1/poll": {
      get: {
        operationId: "poll",
        summary:
          "Messages since a cursor, or the next ones: long polling, and short polling with `timeout=0`.",
        parameters: [CHANNELS, CURSOR_PARAMETER, TIMEOUT, POLL_LIMIT, IF_NONE_MATCH, REQUEST_ID],
        responses: {
          200: json("PollAnswer", "What is new, and where to go on.", true),
          304: NOT_MODIFIED,
          ...problems([
            "invalid_field",
            "channel_invalid",
            "cursor_invalid",
            ...TOKEN,
            "forbidden",
            ...BUSY,
            "overloaded",
            "history_unavailable",
            ...ALWAYS,
          ]),
        },
      },
    },
    "/v1/history/{channel}": {
      get: {
        operationId: "readHistory",
        summary: "A page of what is kept of a replayable channel; the newest without `before` and `after`.",
        parameters: [CHANNEL, BEFORE, AFTER, PAGE_LIMIT, IF_NONE_MATCH, REQUEST_ID],
        responses: {
          200: json("Page", "The page.", true),
          304: NOT_MODIFIED,
          ...problems([
            "invalid_field",
            "channel_invalid",
            "cursor_invalid",
            "not_replayable",
            ...TOKEN,
            "forbidden",
            ...BUSY,
            "history_unavailable",
            "draining",
            ...ALWAYS,
          ]),
        },
      },
    },
    "/v1/publish": {
      post: {
        operationId: "publish",
        summary: "Publishes a message.",
        parameters: [IDEMPOTENCY_KEY, TRACEPARENT_HEADER, TRACESTATE_HEADER, REQUEST_ID],
        requestBody: body("PublishBody"),
        responses: {
          200: json("PublishAnswer", "It is stored, in a replayable channel, or else handed to NATS."),
          ...problems([
            ...BODY,
            ...TOKEN,
            "forbidden",
            ...BUSY,
            "history_unavailable",
            "draining",
            "unconfirmed",
            ...ALWAYS,
          ]),
        },
      },
    },
    "/v1/request": {
      post: {
        operationId: "request",
        summary: "Asks a backend.",
        parameters: [TRACEPARENT_HEADER, TRACESTATE_HEADER, REQUEST_ID],
        requestBody: body("RequestBody"),
        responses: {
          200: json("ReplyAnswer", "The backend's reply."),
          ...problems([
            ...BODY,
            ...TOKEN,
            "forbidden",
            ...BUSY,
            "no_responders",
            "draining",
            "service_error",
            "request_timeout",
            ...ALWAYS,
          ]),
        },
      },
    },
    "/v1/ws": {
      get: {
        operationId: "openWebSocket",
        summary: "Everything, in both directions; see PROTOCOL.md.",
        security: [{}],
        parameters: [REQUEST_ID],
        responses: {
          101: { description: "The WebSocket is open. What is wrong with it is told by a close code." },
          ...problems(["invalid_field", "upgrade_required", ...ALWAYS]),
        },
      },
    },
    "/v1/openapi.json": {
      get: {
        operationId: "describe",
        summary: "This document.",
        security: [{}],
        parameters: [REQUEST_ID],
        responses: {
          200: {
            description: "This document.",
            content: { "application/json": { schema: { type: "object" } } },
          },
          ...problems(ALWAYS),
        },
      },
    },
  },
  components: {
    schemas: SCHEMAS,
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      query: {
        type: "apiKey",
        in: "query",
        name: "access_token",
        description: "For EventSource, which can set no header. Addresses end up in logs of proxies.",
      },
    },
  },
};
