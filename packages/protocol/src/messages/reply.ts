import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const reply = defineMessage({
  type: "reply",
  direction: "server",
  summary: "A backend's reply to a `request`. Binary as in `message`.",
  fields: {
    id: fields.id("The `request` it answers."),
    data: optional(fields.json("The payload, as in `message`. Absent: the backend replied with no bytes.")),
    encoding: optional(fields.encoding("As in `message`.")),
  },
  example: { type: "reply", id: 5, data: { n: 1 } },
});

export type Reply = MessageOf<typeof reply>;
