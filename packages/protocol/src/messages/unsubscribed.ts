import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const unsubscribed = defineMessage({
  type: "unsubscribed",
  direction: "server",
  summary: "The subscription has ended: asked for (with `id`), or by the server (with `code` and `message`).",
  fields: {
    id: optional(fields.id("The `unsubscribe` it answers.")),
    channel: fields.text("Channel or pattern, as it was subscribed to."),
    code: optional(fields.text("Error code that made the server end it.")),
    message: optional(fields.text("What a person can do about it.")),
  },
  example: { type: "unsubscribed", id: 3, channel: "chat.lobby" },
});

export type Unsubscribed = MessageOf<typeof unsubscribed>;
