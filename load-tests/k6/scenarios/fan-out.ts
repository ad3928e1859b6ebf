// One publisher, many subscribers of one channel: how long a message takes, and whether everybody gets every message.

import exec from "k6/execution";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";
import { GatewayClient } from "./client/gateway-client.ts";
import { isNumbered, MessageAccount } from "./client/message-account.ts";
import { COMMON_THRESHOLDS, latency } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { publishSteadily } from "./client/steady-publisher.ts";
import { webSocketUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, perVu, settleSeconds, seconds, rate } = sizes({
  smoke: { clients: 100, perVu: 20, settleSeconds: 2, seconds: 3, rate: 10 },
  full: { clients: 2000, perVu: 50, settleSeconds: 15, seconds: 60, rate: 10 },
});
const users = Math.ceil(clients / perVu);
const count = seconds * rate;
/** After the last message. */
const GRACE_MS = 3000;

export const options: Options = {
  scenarios: {
    subscribers: { executor: "per-vu-iterations", vus: users, exec: "listen", maxDuration: maxDuration() },
    publisher: { executor: "per-vu-iterations", vus: 1, exec: "publish", maxDuration: maxDuration() },
  },
  thresholds: {
    ...COMMON_THRESHOLDS,
    tidegate_received: [`count==${clients * count}`],
    tidegate_latency: ["p(95)<250", "p(99)<1000"],
  },
};

function maxDuration(): string {
  return `${settleSeconds + seconds + 60}s`;
}

interface Run {
  readonly channel: string;
  /** When the first message goes, in Unix milliseconds. */
  readonly publishAt: number;
}

export function setup(): Run {
  return { channel: `chat.fan-out-${Date.now()}`, publishAt: Date.now() + settleSeconds * 1000 };
}

export function listen({ channel, publishAt }: Run): void {
  const first = exec.scenario.iterationInTest * perVu;
  const endAt = publishAt + seconds * 1000 + GRACE_MS;
  for (let client = first; client < Math.min(first + perVu, clients); client += 1) {
    const account = new MessageAccount(0);
    new GatewayClient({
      url: webSocketUrl(client),
      token: tokenFor(`listener-${client}`),
      channel,
      onMessage: ({ data }) => {
        if (isNumbered(data) && account.take(data)) {
          latency.add(Date.now() - data.at);
        }
      },
      onReady: (ready) => {
        setTimeout(() => {
          account.close(count);
          ready.close();
        }, endAt - Date.now());
      },
    });
  }
}

export function publish({ channel, publishAt }: Run): void {
  publishSteadily({ channel, publishAt, count, rate });
}
