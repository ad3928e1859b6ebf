import type { Schema } from "./schemas.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header" | "path";
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Schema;
}

const CURSOR: Schema = { $ref: "#/components/schemas/Cursor" };

function query(name: string, description: string, schema: Schema, required = false): Parameter {
  return { name, in: "query", required, description, schema };
}

function header(name: string, description: string): Parameter {
  return { name, in: "header", required: false, description, schema: { type: "string" } };
}

function limit(description: string): Parameter {
  return query("limit", description, { type: "integer", minimum: 1, maximum: 1000, default: 100 });
}

export const CHANNELS = query(
  "channels",
  "Channels and patterns, separated by commas.",
  { type: "string", minLength: 1, examples: ["chat.lobby,feed.*"] },
  true,
);
export const LAST_EVENT_ID_PARAMETER = query(
  "last_event_id",
  "Where to resume, for the first request of a page.",
  { type: "string" },
);
export const LAST_EVENT_ID_HEADER = header(
  "Last-Event-ID",
  "Where to resume: the last `id:` that came. Wins over `last_event_id`.",
);
export const FORMAT = query("format", "`raw`: the bare payload. `json`: the whole message.", {
  enum: ["raw", "json"],
  default: "raw",
});
export const CURSOR_PARAMETER = query("cursor", "Where to go on. Without it: from now.", CURSOR);
export const TIMEOUT = query("timeout", "How long to wait for a message, in milliseconds.", {
  type: "integer",
  minimum: 0,
  maximum: 60_000,
  default: 25_000,
});
export const POLL_LIMIT = limit("Most messages of the answer.");
export const PAGE_LIMIT = limit("Most messages of the page.");
export const BEFORE = query("before", "Only messages older than this one.", CURSOR);
export const AFTER = query("after", "Only messages newer than this one. Not together with `before`.", CURSOR);
export const CHANNEL: Parameter = {
  name: "channel",
  in: "path",
  required: true,
  description: "One channel, no pattern.",
  schema: { $ref: "#/components/schemas/Channel" },
};
export const IF_NONE_MATCH = header(
  "If-None-Match",
  "Tag of an answer that the client has: 304 if it would be the same.",
);
export const IDEMPOTENCY_KEY = header("Idempotency-Key", "The same as `key` in the body.");
export const TRACEPARENT_HEADER = header(
  "traceparent",
  "W3C trace context, passed on to backends. What is not valid is ignored.",
);
export const TRACESTATE_HEADER = header("tracestate", "What goes with `traceparent`, likewise.");
export const REQUEST_ID = header(
  "X-Request-Id",
  "Id of the request, told in the answer: 1 to 128 letters, digits and `.-_`.",
);
