import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const subscribe = defineMessage({
  type: "subscribe",
  direction: "client",
  summary:
    "Subscribes to a channel, or to a pattern where the grant covers all of it. Answered by `subscribed` or `error`. What is published after `subscribed` was sent reaches the client. `since` and `replay` are for replayable channels, one of them at most.",
  fields: {
    id: fields.id("Request id."),
    channel: fields.channel("Channel or pattern. The first token of a pattern must not be a wildcard."),
    since: optional(
      fields.cursor(
        "Resume: deliver everything behind this cursor first, or say that it cannot be (`resumed`).",
      ),
    ),
    replay: optional(
      fields.limit("Deliver the last so many messages first. Needs the grant `history`; not for patterns."),
    ),
  },
  example: { type: "subscribe", id: 2, channel: "chat.lobby" },
});

export type Subscribe = MessageOf<typeof subscribe>;
