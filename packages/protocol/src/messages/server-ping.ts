import { fields, optional } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const serverPing = defineMessage({
  type: "ping",
  direction: "server",
  summary:
    "A sign of life for clients whose WebSocket API hides ping frames. Needs no answer: a WebSocket ping frame goes with it, which every WebSocket implementation answers by itself; a client that does not is closed with 4003.",
  fields: {
    cursor: optional(
      fields.cursor(
        "Checkpoint: everything up to it, and nothing beyond it, has been sent of every replayable channel that this connection is subscribed to. Keeps quiet channels resumable. Absent if there is none, or if the node cannot say that now.",
      ),
    ),
  },
  example: { type: "ping", cursor: "k3j9x0ab-2s" },
});

export type ServerPing = MessageOf<typeof serverPing>;
