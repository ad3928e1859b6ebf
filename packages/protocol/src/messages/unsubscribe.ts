import { fields } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const unsubscribe = defineMessage({
  type: "unsubscribe",
  direction: "client",
  summary: "Ends a subscription. Answered by `unsubscribed` or `error`; no message of it follows the answer.",
  fields: {
    id: fields.id("Request id."),
    channel: fields.channel("Channel or pattern, as it was subscribed to."),
  },
  example: { type: "unsubscribe", id: 3, channel: "chat.lobby" },
});

export type Unsubscribe = MessageOf<typeof unsubscribe>;
