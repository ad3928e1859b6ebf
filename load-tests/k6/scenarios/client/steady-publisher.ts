import { clearInterval, setInterval, setTimeout } from "k6/timers";
import { GatewayClient } from "./gateway-client.ts";
import { webSocketUrl } from "./target.ts";
import { tokenFor } from "./token.ts";

export interface PublishPlan {
  readonly channel: string;
  /** When the first message goes, in Unix milliseconds. */
  readonly publishAt: number;
  readonly count: number;
  /** Messages a second; a node takes 50 of one connection unless it was told otherwise. */
  readonly rate: number;
}

/** For the answers to the last messages. */
const GRACE_MS = 2000;

/** Publishes numbered messages by the clock, as one client. */
export function publishSteadily({ channel, publishAt, count, rate }: PublishPlan): void {
  new GatewayClient({
    url: webSocketUrl(0),
    token: tokenFor("publisher"),
    onReady: (client) => {
      let n = 0;
      const publish = (): void => {
        const timer = setInterval(() => {
          void client.ask({ type: "publish", channel, data: { n, at: Date.now() } });
          n += 1;
          if (n === count) {
            clearInterval(timer);
            setTimeout(() => client.close(), GRACE_MS);
          }
        }, 1000 / rate);
      };
      setTimeout(publish, Math.max(0, publishAt - Date.now()));
    },
  });
}
