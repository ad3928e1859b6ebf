import { type NatsConnection, plainNatsHeaders } from "@tidegate/testkit";
import { SUBJECT_PREFIX } from "../../chaos/stack/gateway-config.ts";
import { pause } from "./pause.ts";

const TURN_MS = 50;
const LARGE = "x".repeat(24_000);

/** By channel: how often in a second, and what. */
const SERIES: readonly (readonly [channel: string, perSecond: number, payload: () => string])[] = [
  ...Array.from({ length: 8 }, (_, room) => [`chat.room-${room}`, 2, chat] as const),
  ...Array.from({ length: 4 }, (_, pair) => [`quotes.pair-${pair}`, 20, quote] as const),
  ["media.film", 20, () => JSON.stringify(LARGE)],
  ["catalog.articles", 20, () => JSON.stringify(LARGE)],
  // On no channel: a token may not hold this sign.
  ["notes.what$", 0.2, chat],
];

/** Publishes by the clock until it is told to stop. What is due while NATS is away goes out when it is back. */
export async function publishSteadily(nats: NatsConnection, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const sent = SERIES.map(() => 0);
  while (!signal.aborted) {
    const seconds = (performance.now() - startedAt) / 1000;
    for (const [index, [channel, perSecond, payload]] of SERIES.entries()) {
      for (let due = Math.floor(seconds * perSecond) - (sent[index] ?? 0); due > 0; due -= 1) {
        nats.publish(`${SUBJECT_PREFIX}.${channel}`, payload());
        sent[index] = (sent[index] ?? 0) + 1;
      }
    }
    await pause(TURN_MS, signal);
  }
}

/** Answers requests of clients: most at once, some too late, some by a refusal. Ends with the connection. */
export function answerRequests(nats: NatsConnection): void {
  nats.subscribe("rpc.shop.*", {
    callback: (_error, message) => {
      switch (message.subject) {
        case "rpc.shop.slow":
          setTimeout(() => message.respond("late"), 3000);
          break;
        case "rpc.shop.refuse":
          message.respond("", {
            headers: plainNatsHeaders({
              "Nats-Service-Error-Code": "409",
              "Nats-Service-Error": "sold out",
            }),
          });
          break;
        default:
          setTimeout(() => message.respond(JSON.stringify({ price: 12 })), Math.random() * 20);
      }
    },
  });
}

function chat(): string {
  return JSON.stringify({ text: "News", at: Date.now() });
}

function quote(): string {
  return JSON.stringify({ price: Math.random() });
}
