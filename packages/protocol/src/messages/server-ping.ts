import { defineMessage, type MessageOf } from "../message-definition.ts";

export const serverPing = defineMessage({
  type: "ping",
  direction: "server",
  summary:
    "A sign of life for clients whose WebSocket API hides ping frames. Needs no answer: a WebSocket ping frame goes with it, which every WebSocket implementation answers by itself; a client that does not is closed with 4003.",
  fields: {},
  example: { type: "ping" },
});

export type ServerPing = MessageOf<typeof serverPing>;
