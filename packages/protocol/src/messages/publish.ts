import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const publish = defineMessage({
  type: "publish",
  direction: "client",
  summary:
    "Publishes to a channel: straight to its subscribers where the namespace says `publish: direct`, to the backends where it says `publish: backend`. Answered by `ok` once it is stored, in a replayable channel, or handed to NATS, or by `error`. As a binary frame: header line without `data`, newline, payload bytes.",
  fields: {
    id: fields.id("Request id."),
    channel: fields.channel("One channel; no wildcard."),
    data: optional(
      fields.json(
        "The payload; required in a text frame. Its JSON text is passed on as the client wrote it.",
      ),
    ),
    encoding: optional(
      fields.encoding(
        "How a string in `data` becomes bytes: `text` as UTF-8, `base64` decoded. Absent: `data` is JSON.",
      ),
    ),
    event: optional(fields.event("Event name, for subscribers that tell kinds of messages apart.")),
    key: optional(
      fields.name(
        "Idempotency key, for replayable channels: of several publishes of this user to this channel with the same key within the deduplication window, one is stored.",
      ),
    ),
    traceparent: optional(
      fields.json("W3C trace context, passed on to backends and webhooks. What is not valid is ignored."),
    ),
    tracestate: optional(fields.json("What goes with `traceparent`, likewise.")),
  },
  example: { type: "publish", id: 4, channel: "chat.lobby", event: "said", data: { text: "hi" } },
});

export type Publish = MessageOf<typeof publish>;
