// How a node takes more and more connections, each authenticated and subscribed, and whether they stay.

import exec from "k6/execution";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";
import { GatewayClient } from "./client/gateway-client.ts";
import { COMMON_THRESHOLDS } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { webSocketUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, perVu, rampSeconds, holdSeconds } = sizes({
  smoke: { clients: 100, perVu: 10, rampSeconds: 3, holdSeconds: 2 },
  full: { clients: 5000, perVu: 20, rampSeconds: 60, holdSeconds: 60 },
});
const users = Math.ceil(clients / perVu);

export const options: Options = {
  scenarios: {
    ramp: {
      executor: "per-vu-iterations",
      vus: users,
      maxDuration: `${rampSeconds + holdSeconds + 60}s`,
      exec: "climb",
    },
  },
  thresholds: { ...COMMON_THRESHOLDS, tidegate_ready: ["p(95)<500", "p(99)<2000"] },
};

/** One virtual user: its share of the connections, each at its place in the ramp. All stay to the end. */
export function climb(): void {
  const first = exec.scenario.iterationInTest * perVu;
  for (let client = first; client < Math.min(first + perVu, clients); client += 1) {
    const startMs = (client / clients) * rampSeconds * 1000;
    setTimeout(() => {
      new GatewayClient({
        url: webSocketUrl(client),
        token: tokenFor(`ramp-${client}`),
        channel: "chat.ramp",
        onReady: (ready) => {
          setTimeout(() => ready.close(), (rampSeconds + holdSeconds) * 1000 - startMs);
        },
      });
    }, startMs);
  }
}
