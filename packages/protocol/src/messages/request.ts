import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const request = defineMessage({
  type: "request",
  direction: "client",
  summary:
    "Calls a backend and waits for its reply. Answered by `reply` or `error`. As a binary frame: header line without `data`, newline, payload bytes.",
  fields: {
    id: fields.id("Request id."),
    method: fields.channel("`<service>.<method>`, in the grammar of channels with at least two tokens."),
    data: optional(fields.json("The payload. Absent: an empty payload.")),
    encoding: optional(fields.encoding("As in `publish`.")),
    timeout: optional(
      fields.milliseconds("How long to wait, at most `limits.requestTimeout`, which is also the default."),
    ),
    traceparent: optional(
      fields.json("W3C trace context, passed on to the backend. What is not valid is ignored."),
    ),
    tracestate: optional(fields.json("What goes with `traceparent`, likewise.")),
  },
  example: { type: "request", id: 5, method: "demo.echo", data: { n: 1 }, timeout: 2000 },
});

export type Request = MessageOf<typeof request>;
