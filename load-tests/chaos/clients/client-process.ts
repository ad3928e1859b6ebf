import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type PreparedTruth, prepareTruth } from "../accounting/audit.ts";
import { addTallies, type Tally, TRANSPORTS } from "../accounting/tally.ts";
import { Timeline } from "../accounting/timeline.ts";
import { EventStreamTransport } from "./event-stream-transport.ts";
import { openInTurn } from "./open-in-turn.ts";
import type { Answer, NumberedAnswer, NumberedOrder, Order, RoundTruth, TallyOf } from "./orders.ts";
import { PollTransport } from "./poll-transport.ts";
import { type ClientPlan, Subscriber } from "./subscriber.ts";
import type { Transport } from "./transport.ts";
import { WebSocketTransport } from "./web-socket-transport.ts";

/** Some of the clients of a run, in a process of its own. It ends with the process that started it. */

const POLL_MS = 20;
const OPEN_LIMIT_MS = 60_000;
/** Connections under way at a time while clients are opened. */
const IN_FLIGHT = 100;
const LONG_POLL = { timeoutMs: 25_000, pauseMs: 0 };
const SHORT_POLL = { timeoutMs: 0, pauseMs: 1000 };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const timeline = new Timeline();
let subscribers: readonly Subscriber[] = [];

function transportOf({ transport, ...subscription }: ClientPlan): Transport {
  switch (transport) {
    case "websocket":
      return new WebSocketTransport(subscription);
    case "sse":
      return new EventStreamTransport(subscription, agent);
    case "poll":
      return new PollTransport(subscription, agent, LONG_POLL);
    case "short-poll":
      return new PollTransport(subscription, agent, SHORT_POLL);
  }
}

async function carryOut(order: Order): Promise<Answer> {
  switch (order.type) {
    case "open":
      subscribers = order.clients.map(
        (plan) => new Subscriber(plan, transportOf(plan), order.ports, timeline),
      );
      await open();
      return { type: "done" };
    case "leave":
      for (const subscriber of subscribers) {
        subscriber.leave();
      }
      return { type: "done" };
    case "join":
      for (const subscriber of subscribers) {
        subscriber.join(Math.random() * order.spreadMs);
      }
      return served(order.limitMs);
    case "begin":
      timeline.clear();
      for (const subscriber of subscribers) {
        subscriber.begin();
      }
      return { type: "done" };
    case "serve":
      return served(order.limitMs);
    case "timeline":
      return { type: "timeline", moments: timeline.moments };
    case "whereabouts": {
      const counts: number[] = [];
      for (const { isServed, node } of subscribers) {
        counts[node] = (counts[node] ?? 0) + (isServed ? 1 : 0);
      }
      return { type: "whereabouts", served: Array.from(counts, (count) => count ?? 0) };
    }
    case "settle":
      return { type: "settled", tallies: await settle(order.truths, order.limitMs) };
  }
}

async function open(): Promise<void> {
  if (!(await openInTurn(subscribers, { inFlight: IN_FLIGHT, limitMs: OPEN_LIMIT_MS, pollMs: POLL_MS }))) {
    throw new Error(unserved(OPEN_LIMIT_MS));
  }
}

async function served(limitMs: number): Promise<Answer> {
  const isReached = await waitFor(() => subscribers.every(({ isServed }) => isServed), limitMs);
  return isReached ? { type: "done" } : { type: "failed", message: unserved(limitMs) };
}

function unserved(limitMs: number): string {
  const waiting = subscribers.filter(({ isServed }) => !isServed);
  const endings = addTallies(waiting.map((subscriber) => subscriber.tally(new Map()))).endings;
  return `${waiting.length} of ${subscribers.length} clients were not served within ${limitMs / 1000} s; their attempts ended: ${JSON.stringify(endings)}`;
}

async function settle(roundTruths: readonly RoundTruth[], limitMs: number): Promise<readonly TallyOf[]> {
  const truths = new Map<string, PreparedTruth>(
    roundTruths.map((truth) => [truth.channel, prepareTruth(truth, truth.firstNumber)]),
  );
  let lacking = subscribers;
  await waitFor(() => {
    lacking = lacking.filter((subscriber) => !subscriber.hasAll(truths));
    return lacking.length === 0;
  }, limitMs);
  const groups = new Map<string, Tally[]>();
  for (const subscriber of subscribers) {
    const key = `${subscriber.plan.transport} ${subscriber.node}`;
    groups.set(key, [...(groups.get(key) ?? []), subscriber.tally(truths)]);
  }
  return [...groups].map(([key, tallies]) => {
    const [name, node] = key.split(" ");
    const transport = TRANSPORTS.find((one) => one === name) ?? "websocket";
    return { transport, node: Number(node), tally: addTallies(tallies) };
  });
}

/** Whether the condition came true in time. */
async function waitFor(condition: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) {
      return false;
    }
    await delay(POLL_MS);
  }
  return true;
}

process.on("disconnect", () => process.exit());
// A Ctrl-C at the terminal reaches this process, too; who started it decides.
process.on("SIGINT", () => {});
process.on("message", ({ id, order }: NumberedOrder) => {
  const answer = (value: Answer): void => {
    const numbered: NumberedAnswer = { id, answer: value };
    process.send?.(numbered);
  };
  carryOut(order).then(answer, (error: unknown) => {
    answer({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  });
});
