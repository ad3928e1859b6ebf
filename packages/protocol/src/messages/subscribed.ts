import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const subscribed = defineMessage({
  type: "subscribed",
  direction: "server",
  summary:
    "The subscription stands: every message published from now on is delivered. Precedes the first message of the channel.",
  fields: {
    id: optional(
      fields.id("The `subscribe` it answers. Absent for channels named in the address or in `connect`."),
    ),
    channel: fields.text("Channel or pattern."),
  },
  example: { type: "subscribed", id: 2, channel: "chat.lobby" },
});

export type Subscribed = MessageOf<typeof subscribed>;
