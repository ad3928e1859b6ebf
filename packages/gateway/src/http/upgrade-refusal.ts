import type { Problem } from "./problem.ts";
import type { Route } from "./route.ts";

/** An answer to a request for an upgrade that is not made. */
export interface UpgradeRefusal {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** The only version of RFC 6455. */
export const WEBSOCKET_VERSION = "13";

/** To a request without an upgrade, or with one of another version (RFC 9110 section 15.5.22, RFC 6455 section 4.2.2). */
export const UPGRADE_REQUIRED: UpgradeRefusal = {
  problem: { code: "upgrade_required", detail: "this address speaks WebSocket" },
  headers: { upgrade: "websocket", "sec-websocket-version": WEBSOCKET_VERSION },
};

/** What finds its way here was no upgrade. */
export const webSocketRoute: Route = {
  path: "/v1/ws",
  method: "GET",
  handle: (call) => call.refuse(UPGRADE_REQUIRED.problem, UPGRADE_REQUIRED.headers),
};
