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
    cursor: optional(
      fields.cursor(
        "Of a replayable channel: where the subscription begins, before the messages that `since` or `replay` brings, which follow at once.",
      ),
    ),
    resumed: optional(
      fields.flag(
        "With `since`: whether everything behind it follows. If not, a `reset` follows instead and nothing is replayed.",
      ),
    ),
  },
  example: { type: "subscribed", id: 2, channel: "chat.lobby", cursor: "k3j9x0ab-2s", resumed: true },
});

export type Subscribed = MessageOf<typeof subscribed>;
