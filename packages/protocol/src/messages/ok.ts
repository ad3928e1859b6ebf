import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const ok = defineMessage({
  type: "ok",
  direction: "server",
  summary: "The answer to `publish`, `refresh` and `ping`.",
  fields: {
    id: fields.id("The message it answers."),
    expires: optional(fields.milliseconds("After `refresh`: when the new token expires, as Unix time.")),
  },
  example: { type: "ok", id: 4 },
});

export type Ok = MessageOf<typeof ok>;
