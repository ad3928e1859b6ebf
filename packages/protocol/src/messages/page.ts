import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const page = defineMessage({
  type: "page",
  direction: "server",
  summary: "A page of a channel's history: the answer to `history`.",
  fields: {
    id: fields.id("The `history` it answers."),
    channel: fields.text("The channel."),
    messages: fields.records(
      "Oldest first; each like a `message`, without `type`. A payload that is not valid UTF-8 is base64 for every client.",
    ),
    more: fields.flag("Whether there are further messages in the direction that was read."),
    older: optional(
      fields.cursor("To be sent as `before`, for the page before this. Absent on an empty page."),
    ),
    newer: fields.cursor(
      "To be sent as `after`, for what comes behind this page, or as `since` of `subscribe`.",
    ),
    reset: optional(
      fields.text("A reset reason: what lies between `after` and the first message may not be complete."),
    ),
  },
  example: {
    type: "page",
    id: 8,
    channel: "chat.lobby",
    messages: [{ channel: "chat.lobby", time: 1893455990123, cursor: "k3j9x0ab-2s", data: { text: "hi" } }],
    more: true,
    older: "k3j9x0ab-2s",
    newer: "k3j9x0ab-2s",
  },
});

export type Page = MessageOf<typeof page>;
