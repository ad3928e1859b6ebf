import type { Scenario } from "../scenario.ts";
import { CURSORS } from "./cursors.ts";
import { DELIVERY } from "./delivery.ts";
import { EVENT_STREAM } from "./event-stream.ts";
import { HISTORY } from "./history.ts";
import { HTTP } from "./http.ts";
import { LIVE } from "./live.ts";
import { POLLING } from "./polling.ts";
import { PUBLISHING } from "./publishing.ts";
import { REFUSALS } from "./refusals.ts";
import { REQUESTS } from "./requests.ts";
import { RESUMING } from "./resuming.ts";
import { WEBSOCKET } from "./websocket.ts";

/** All there is, by the topic of the report. */
export const SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  delivery: DELIVERY,
  resuming: RESUMING,
  cursors: CURSORS,
  history: HISTORY,
  publishing: PUBLISHING,
  requests: REQUESTS,
  "live channels": LIVE,
  WebSocket: WEBSOCKET,
  polling: POLLING,
  "event streams": EVENT_STREAM,
  refusals: REFUSALS,
  HTTP,
};
