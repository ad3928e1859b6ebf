import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const history = defineMessage({
  type: "history",
  direction: "client",
  summary:
    "Reads what a replayable channel keeps, a page at a time, oldest message of the page first. Without `before` and `after`: the newest page. Needs the grant `history`. Answered by `page` or `error`.",
  fields: {
    id: fields.id("Request id."),
    channel: fields.channel("One channel; no wildcard."),
    before: optional(fields.cursor("Only messages older than this one.")),
    after: optional(fields.cursor("Only messages newer than this one. Not together with `before`.")),
    limit: optional(
      fields.limit("Most messages of the page; default 100. The node may send fewer: see `more`."),
    ),
  },
  example: { type: "history", id: 8, channel: "chat.lobby", limit: 50 },
});

export type History = MessageOf<typeof history>;
