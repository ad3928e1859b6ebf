// Clients that ask a backend and wait for its reply, one request after another.

import exec from "k6/execution";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";
import { GatewayClient } from "./client/gateway-client.ts";
import { COMMON_THRESHOLDS, replyTime } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { webSocketUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, seconds, pauseMs } = sizes({
  smoke: { clients: 20, seconds: 3, pauseMs: 100 },
  full: { clients: 300, seconds: 60, pauseMs: 100 },
});

export const options: Options = {
  scenarios: {
    callers: {
      executor: "per-vu-iterations",
      vus: clients,
      exec: "call",
      maxDuration: `${seconds + 60}s`,
    },
  },
  thresholds: { ...COMMON_THRESHOLDS, tidegate_reply: ["p(95)<200", "p(99)<1000"] },
};

export function call(): void {
  const { idInTest } = exec.vu;
  const endAt = Date.now() + seconds * 1000;
  new GatewayClient({
    url: webSocketUrl(idInTest),
    token: tokenFor(`caller-${idInTest}`),
    onReady: (client) => {
      const next = async (): Promise<void> => {
        const askedAt = Date.now();
        const { type } = await client.ask({ type: "request", method: "demo.echo", data: { askedAt } });
        if (type === "reply") {
          replyTime.add(Date.now() - askedAt);
        }
        if (Date.now() < endAt) {
          setTimeout(next, pauseMs);
        } else {
          client.close();
        }
      };
      void next();
    },
  });
}
