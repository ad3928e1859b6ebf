import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const connect = defineMessage({
  type: "connect",
  direction: "client",
  summary:
    "Authenticates the connection. Must be the first message, unless the connection is authenticated already (then it is refused with `already_connected`). Answered by `connected`, or by a close.",
  fields: {
    id: fields.id("Request id."),
    token: optional(
      fields.token("The JWT. Without one the client is anonymous, where a namespace allows that."),
    ),
    channels: optional(
      fields.channels(
        "Subscribe to these at once. Each is answered by a `subscribed` or `error` without id, with `channel`.",
      ),
    ),
    binary: optional(
      fields.flag(
        "Deliver payloads that are not valid UTF-8 as binary frames instead of base64 in JSON. Default false.",
      ),
    ),
    batch: optional(
      fields.flag(
        "Send the messages that a channel has at once in one text frame, a message a line. Default false. A node of revision 1 or 2 does not know it: see `batch` of `connected`.",
      ),
    ),
  },
  example: { type: "connect", id: 1, token: "eyJhbGciOi…", channels: ["chat.lobby"] },
});

export type Connect = MessageOf<typeof connect>;
