import { type Connected, connected } from "./messages/connected.ts";
import { type Draining, draining } from "./messages/draining.ts";
import { type ErrorMessage, error } from "./messages/error.ts";
import { type Message, message } from "./messages/message.ts";
import { type Ok, ok } from "./messages/ok.ts";
import { type Page, page } from "./messages/page.ts";
import { type Reply, reply } from "./messages/reply.ts";
import { type Reset, reset } from "./messages/reset.ts";
import { type ServerPing, serverPing } from "./messages/server-ping.ts";
import { type Subscribed, subscribed } from "./messages/subscribed.ts";
import { type Unsubscribed, unsubscribed } from "./messages/unsubscribed.ts";

/** What a server may send, in the order of PROTOCOL.md. */
export const SERVER_MESSAGES = [
  connected,
  subscribed,
  unsubscribed,
  message,
  reset,
  reply,
  page,
  ok,
  error,
  draining,
  serverPing,
] as const;

export type ServerMessage =
  | Connected
  | Subscribed
  | Unsubscribed
  | Message
  | Reset
  | Reply
  | Page
  | Ok
  | ErrorMessage
  | Draining
  | ServerPing;
