import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const connected = defineMessage({
  type: "connected",
  direction: "server",
  summary: "The connection is authenticated. Always the first message that a client gets.",
  fields: {
    id: optional(
      fields.id("The `connect` it answers. Absent where the handshake was enough to authenticate."),
    ),
    connection: fields.text(
      "Id of this connection: unique, not secret, not needed for anything but support and telling own messages apart.",
    ),
    user: optional(fields.text("The user, from the token. Absent: anonymous.")),
    node: fields.text("Name of the gateway node."),
    revision: fields.count("Protocol revision of the node, see Versions."),
    expires: optional(
      fields.milliseconds("When the token expires, as Unix time. Absent: anonymous, so never."),
    ),
    pingInterval: fields.milliseconds(
      "Longest silence from the node: it sends a `ping` at least this often. Twice this without a frame means that the connection is dead.",
    ),
    batch: optional(
      fields.flag(
        "Always true, where it is there: the client asked for batch frames, in `connect` or the address, and gets them.",
      ),
    ),
    limits: fields.record(
      "The limits of this connection: `frame` and `payload` in bytes, `subscriptions`, `requests` in flight, `messagesPerSecond`, `requestTimeout` in ms.",
    ),
  },
  example: {
    type: "connected",
    id: 1,
    connection: "n1-3f9k2c-1",
    user: "ada",
    node: "n1",
    revision: 3,
    expires: 1893456000000,
    pingInterval: 25000,
    limits: {
      frame: 65536,
      payload: 49152,
      subscriptions: 128,
      requests: 32,
      messagesPerSecond: 50,
      requestTimeout: 10000,
    },
  },
});

export type Connected = MessageOf<typeof connected>;
