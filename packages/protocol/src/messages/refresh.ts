import { fields } from "../field.ts";
import { defineMessage, type MessageOf } from "../message-definition.ts";

export const refresh = defineMessage({
  type: "refresh",
  direction: "client",
  summary:
    "Brings a new token for the same user before the old one expires. Answered by `ok` with the new `expires`, or by `error`, after which the old token stays in force until it expires. Subscriptions that the new grants do not cover end with `unsubscribed`.",
  fields: {
    id: fields.id("Request id."),
    token: fields.token("The new JWT; its `sub` must be the same."),
  },
  example: { type: "refresh", id: 6, token: "eyJhbGciOi…" },
});

export type Refresh = MessageOf<typeof refresh>;
