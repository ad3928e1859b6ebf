import { fields } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const reset = defineMessage({
  type: "reset",
  direction: "server",
  summary:
    "Continuity of a replayable channel cannot be proven: messages may be missing before this point. Fetch the state anew; what follows continues from `cursor`.",
  fields: {
    channel: fields.text("Channel or pattern, as it was subscribed to."),
    cursor: fields.cursor("Where the subscription goes on."),
    reason: fields.text("One of the reset reasons below."),
  },
  example: { type: "reset", channel: "chat.lobby", cursor: "k3j9x0ab-2s", reason: "expired" },
});

export type Reset = MessageOf<typeof reset>;
