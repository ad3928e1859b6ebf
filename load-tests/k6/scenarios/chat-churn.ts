// A chat whose visitors come and go: each joins a room, says a few lines, sees its own among those of the others,
// and leaves for the next.

import { check } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";
import { GatewayClient } from "./client/gateway-client.ts";
import { isNumbered } from "./client/message-account.ts";
import { COMMON_THRESHOLDS, latency, received } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { webSocketUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, rooms, lines, pauseMs, seconds } = sizes({
  smoke: { clients: 20, rooms: 4, lines: 3, pauseMs: 300, seconds: 4 },
  full: { clients: 500, rooms: 50, lines: 4, pauseMs: 1500, seconds: 120 },
});
/** For the last line to come back. */
const LINGER_MS = 1000;

export const options: Options = {
  scenarios: {
    visitors: {
      executor: "constant-vus",
      vus: clients,
      duration: `${seconds}s`,
      gracefulStop: "30s",
      exec: "visit",
    },
  },
  thresholds: {
    ...COMMON_THRESHOLDS,
    checks: ["rate>0.999"],
    tidegate_latency: ["p(95)<250", "p(99)<1000"],
  },
};

export function visit(): void {
  const { idInTest, iterationInInstance } = exec.vu;
  const visitor = `visitor-${idInTest}-${iterationInInstance}`;
  // Comes when others go, not all at once.
  setTimeout(() => join(visitor, `chat.churn-${Math.floor(Math.random() * rooms)}`), Math.random() * pauseMs);
}

function join(visitor: string, channel: string): void {
  let seen = 0;
  new GatewayClient({
    url: webSocketUrl(Math.floor(Math.random() * 1000)),
    token: tokenFor(visitor),
    channel,
    onMessage: ({ data }) => {
      if (!isNumbered(data)) {
        return;
      }
      received.add(1);
      latency.add(Date.now() - data.at);
      // Its own lines, in the order in which it said them.
      if ((data as { by?: unknown }).by === visitor && data.n === seen) {
        seen += 1;
      }
    },
    onReady: (client) => {
      for (let n = 0; n < lines; n += 1) {
        setTimeout(() => {
          void client.ask({ type: "publish", channel, data: { n, at: Date.now(), by: visitor } });
        }, n * pauseMs);
      }
      setTimeout(
        () => {
          check(seen, { "sees all its own lines, in order": (count) => count === lines });
          client.close();
        },
        lines * pauseMs + LINGER_MS,
      );
    },
  });
}
