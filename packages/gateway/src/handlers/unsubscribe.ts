import type { ErrorMessage, Unsubscribe, Unsubscribed } from "@tidegate/protocol";
import { errorAnswer, type Session } from "./session.ts";

export function unsubscribe(session: Session, message: Unsubscribe): Unsubscribed | ErrorMessage {
  const { id, channel } = message;
  return session.subscriptions.remove(channel)
    ? { type: "unsubscribed", id, channel }
    : errorAnswer(id, "not_subscribed", "this connection has no such subscription", { channel });
}
