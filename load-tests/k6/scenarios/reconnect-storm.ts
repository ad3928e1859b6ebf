// All clients lose their connection at the same moment and come back at once, while messages go on: how long until
// all are back, and whether those of a replayable channel miss anything (their cursor resumes).

import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";
import { GatewayClient } from "./client/gateway-client.ts";
import { isNumbered, MessageAccount } from "./client/message-account.ts";
import { COMMON_THRESHOLDS } from "./client/metrics.ts";
import { sizes } from "./client/sizes.ts";
import { publishSteadily } from "./client/steady-publisher.ts";
import { webSocketUrl } from "./client/target.ts";
import { tokenFor } from "./client/token.ts";

const { clients, perVu, settleSeconds, storms, everySeconds, rate } = sizes({
  smoke: { clients: 100, perVu: 20, settleSeconds: 2, storms: 1, everySeconds: 3, rate: 10 },
  full: { clients: 2000, perVu: 50, settleSeconds: 15, storms: 4, everySeconds: 15, rate: 10 },
});
const users = Math.ceil(clients / perVu);
const seconds = (storms + 1) * everySeconds;
const count = seconds * rate;
const GRACE_MS = 3000;

/** Connection dropped to subscribed again. */
const backTime = new Trend("tidegate_back", true);
const back = new Counter("tidegate_back_count");

export const options: Options = {
  scenarios: {
    subscribers: { executor: "per-vu-iterations", vus: users, exec: "listen", maxDuration: maxDuration() },
    publisher: { executor: "per-vu-iterations", vus: 1, exec: "publish", maxDuration: maxDuration() },
  },
  thresholds: {
    ...COMMON_THRESHOLDS,
    tidegate_back_count: [`count==${clients * storms}`],
    tidegate_back: ["p(95)<3000", "max<15000"],
  },
};

function maxDuration(): string {
  return `${settleSeconds + seconds + 60}s`;
}

interface Run {
  readonly channel: string;
  readonly publishAt: number;
}

export function setup(): Run {
  return { channel: `chat.storm-${Date.now()}`, publishAt: Date.now() + settleSeconds * 1000 };
}

export function listen({ channel, publishAt }: Run): void {
  const first = exec.scenario.iterationInTest * perVu;
  for (let client = first; client < Math.min(first + perVu, clients); client += 1) {
    new Subscriber(client, channel, publishAt).connect();
  }
}

/** One client through all storms. */
class Subscriber {
  readonly #number: number;
  readonly #channel: string;
  readonly #publishAt: number;
  #account = new MessageAccount(0);
  #cursor: string | undefined;
  #storms = 0;

  constructor(number: number, channel: string, publishAt: number) {
    this.#number = number;
    this.#channel = channel;
    this.#publishAt = publishAt;
  }

  connect(droppedAt?: number): void {
    if (droppedAt !== undefined && this.#cursor === undefined) {
      // A live channel promises nothing about what it missed.
      this.#account = new MessageAccount();
    }
    new GatewayClient({
      url: webSocketUrl(this.#number + this.#storms),
      token: tokenFor(`storm-${this.#number}`),
      channel: this.#channel,
      since: this.#cursor,
      onMessage: ({ data, cursor }) => {
        this.#cursor = cursor ?? this.#cursor;
        if (isNumbered(data)) {
          this.#account.take(data);
        }
      },
      onReady: (client) => this.#stay(client, droppedAt),
    });
  }

  #stay(client: GatewayClient, droppedAt: number | undefined): void {
    if (droppedAt !== undefined) {
      backTime.add(Date.now() - droppedAt);
      back.add(1);
    }
    const isLast = this.#storms === storms;
    const stormAt = this.#publishAt + (this.#storms + 1) * everySeconds * 1000;
    setTimeout(
      () => {
        client.close();
        if (isLast) {
          this.#account.close(count);
        } else {
          this.#storms += 1;
          this.connect(Date.now());
        }
      },
      stormAt + (isLast ? GRACE_MS : 0) - Date.now(),
    );
  }
}

export function publish({ channel, publishAt }: Run): void {
  publishSteadily({ channel, publishAt, count, rate });
}
