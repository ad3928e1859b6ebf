import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const error = defineMessage({
  type: "error",
  direction: "server",
  summary:
    "A request failed (with `id`), or something about the connection needs to be known (without). The connection stays open; what ends it is a close code.",
  fields: {
    id: optional(fields.id("The message it answers.")),
    code: fields.text("One of the error codes below. Treat an unknown code by `retryable`."),
    message: fields.text("For a person: what is wrong and what to change."),
    retryable: fields.flag("Whether the same request may succeed later, unchanged."),
    retryAfter: optional(fields.milliseconds("Wait at least this long before trying again.")),
    channel: optional(fields.text("The channel it is about, if it is about one.")),
    missed: optional(fields.count("With `messages_missed`: how many, where the node knows.")),
    detail: optional(fields.record("With `service_error`: `status` and `message` of the backend.")),
  },
  example: {
    type: "error",
    id: 2,
    code: "forbidden",
    message: "no grant allows subscribe on chat.staff",
    retryable: false,
  },
});

export type ErrorMessage = MessageOf<typeof error>;
