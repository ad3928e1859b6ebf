import type { ClientMessage } from "@tidegate/protocol";
import type { FrameSource } from "./client-payload.ts";
import { history } from "./history.ts";
import { publish } from "./publish.ts";
import { refresh } from "./refresh.ts";
import { request } from "./request.ts";
import { type Answer, errorAnswer, type Session } from "./session.ts";
import { subscribeAsked } from "./subscribe.ts";
import { unsubscribe } from "./unsubscribe.ts";

/** Handles one message of an authenticated client. `undefined`: answered already, or the connection has ended. */
export function dispatch(
  session: Session,
  message: ClientMessage,
  frame: FrameSource,
): Answer | undefined | Promise<Answer | undefined> {
  if (frame.body !== undefined && message.type !== "publish" && message.type !== "request") {
    return errorAnswer(message.id, "malformed", "a binary frame holds a publish or a request");
  }
  switch (message.type) {
    case "publish":
      return publish(session, message, frame);
    case "request":
      return request(session, message, frame);
    case "subscribe":
      return subscribeAsked(session, message);
    case "unsubscribe":
      return unsubscribe(session, message);
    case "history":
      return history(session, message);
    case "refresh":
      return refresh(session, message);
    case "ping":
      return { type: "ok", id: message.id };
    case "connect":
      return errorAnswer(message.id, "already_connected", "use refresh to bring a new token");
  }
}
