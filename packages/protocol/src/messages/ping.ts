import { fields } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const ping = defineMessage({
  type: "ping",
  direction: "client",
  summary: "Asks whether the connection works, all the way through the node. Answered by `ok`.",
  fields: {
    id: fields.id("Request id."),
  },
  example: { type: "ping", id: 7 },
});

export type Ping = MessageOf<typeof ping>;
