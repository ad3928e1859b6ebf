import { randomUUID } from "node:crypto";
import type { Broker } from "@tidegate/broker";
import { noticeText } from "./notice-text.ts";

/** What goes out on `feed.demo`. */
export interface Notice {
  /** Unique also over restarts of the backend, which begin to count again. */
  readonly id: string;
  readonly number: number;
  readonly text: string;
}

export const FEED = "feed.demo";

const PERIOD_MS = 15_000;
/** At the start, so that whoever comes early has a history to see. */
const OPENING_NOTICES = 3;

/**
 * Publishes notifications: plain publishes to NATS, about which this backend knows neither that the channel is kept nor
 * who listens, over what.
 */
export class NoticeBoard {
  readonly #broker: Pick<Broker, "publish">;
  readonly #life = randomUUID().slice(0, 8);
  #last = 0;

  constructor(broker: Pick<Broker, "publish">) {
    this.#broker = broker;
  }

  /** Publishes the next notification; `undefined` if that cannot be done now. */
  post(): Notice | undefined {
    const number = this.#last + 1;
    const notice: Notice = { id: `${this.#life}-${number}`, number, text: noticeText(number) };
    const payload = Buffer.from(JSON.stringify(notice));
    if (this.#broker.publish(FEED, payload, { lane: "direct" }) !== "sent") {
      return undefined;
    }
    this.#last = number;
    return notice;
  }

  /** Posts a few at once and one every 15 s until the signal aborts. */
  run(signal: AbortSignal): void {
    for (let posted = 0; posted < OPENING_NOTICES; posted += 1) {
      this.post();
    }
    const timer = setInterval(() => this.post(), PERIOD_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }
}
