import { type Connect, connect } from "./messages/connect.ts";
import { type History, history } from "./messages/history.ts";
import { type Ping, ping } from "./messages/ping.ts";
import { type Publish, publish } from "./messages/publish.ts";
import { type Refresh, refresh } from "./messages/refresh.ts";
import { type Request, request } from "./messages/request.ts";
import { type Subscribe, subscribe } from "./messages/subscribe.ts";
import { type Unsubscribe, unsubscribe } from "./messages/unsubscribe.ts";

/** What a client may send, in the order of PROTOCOL.md. */
export const CLIENT_MESSAGES = [
  connect,
  subscribe,
  unsubscribe,
  publish,
  request,
  history,
  refresh,
  ping,
] as const;

export type ClientMessage = Connect | Subscribe | Unsubscribe | Publish | Request | History | Refresh | Ping;
