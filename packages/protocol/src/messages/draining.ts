import { fields } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const draining = defineMessage({
  type: "draining",
  direction: "server",
  summary:
    "The node is leaving and will close this connection with code 4000 in a moment. Requests in flight are still answered.",
  fields: {
    reconnect: fields.milliseconds(
      "Wait this long after the close before reconnecting. Jittered per connection, so that the clients of a node do not come back at once.",
    ),
  },
  example: { type: "draining", reconnect: 740 },
});

export type Draining = MessageOf<typeof draining>;
