import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const ok = defineMessage({
  type: "ok",
  direction: "server",
  summary: "The answer to `publish`, `refresh` and `ping`.",
  fields: {
    id: fields.id("The message it answers."),
    cursor: optional(
      fields.cursor(
        "After `publish` to a replayable channel: the cursor of the stored message. It names the message; it is no place to resume from.",
      ),
    ),
    duplicate: optional(
      fields.flag("After `publish` with a `key` that was used before: `cursor` is of the first message."),
    ),
    expires: optional(fields.milliseconds("After `refresh`: when the new token expires, as Unix time.")),
  },
  example: { type: "ok", id: 4 },
});

export type Ok = MessageOf<typeof ok>;
