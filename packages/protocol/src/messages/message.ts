import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const message = defineMessage({
  type: "message",
  direction: "server",
  summary:
    "A message of a channel. To a client that asked for `binary`, a payload that is not valid UTF-8 comes as a binary frame: this object without `data` and `encoding`, newline, payload bytes.",
  fields: {
    channel: fields.text("The channel it was published to, also where the subscription is a pattern."),
    data: optional(
      fields.json("The payload: the JSON value if the bytes are valid JSON, else a string, see `encoding`."),
    ),
    encoding: optional(
      fields.encoding(
        "How `data` stands for the bytes: `text` where they are UTF-8 but not JSON, `base64` where they are neither. Absent: JSON.",
      ),
    ),
    event: optional(fields.text("Event name.")),
    from: optional(
      fields.record(
        "Who published it, if a client did: `user` (absent if anonymous) and `connection`. Set by the gateway, not by the client.",
      ),
    ),
    cursor: optional(
      fields.cursor(
        "Of a replayable channel: everything of it up to this message has been sent. See Cursors.",
      ),
    ),
    time: fields.milliseconds(
      "Unix time: of a replayable channel when it was stored, else when this node received it.",
    ),
  },
  example: {
    type: "message",
    channel: "chat.lobby",
    data: { text: "hi" },
    event: "said",
    from: { user: "ada", connection: "n1-3f9k2c-1" },
    cursor: "k3j9x0ab-2s",
    time: 1893455990123,
  },
});

export type Message = MessageOf<typeof message>;
