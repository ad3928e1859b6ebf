import { Agent } from "node:http";
import { waitUntil } from "@tidegate/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nowMicros } from "../../swarm/stamp.ts";
import { prepareTruth } from "../accounting/audit.ts";
import type { TransportName } from "../accounting/tally.ts";
import { numberedPayload } from "../numbered-payload.ts";
import { EventStreamTransport } from "./event-stream-transport.ts";
import { PollTransport } from "./poll-transport.ts";
import { ReplayServer } from "./replay-server.fixture.ts";
import { Subscriber } from "./subscriber.ts";
import type { Transport } from "./transport.ts";

const SUBSCRIPTION = { channels: ["chat.r0"], token: "t" };

let agent: Agent;
let messages: string[];
let servers: readonly ReplayServer[];
let subscriber: Subscriber | undefined;

beforeEach(async () => {
  agent = new Agent({ keepAlive: true });
  messages = [];
  servers = [await ReplayServer.start(messages), await ReplayServer.start(messages)];
});

afterEach(() => {
  subscriber?.leave();
  agent.destroy();
  for (const server of servers) {
    server.kill();
  }
});

function publish(): void {
  messages.push(numberedPayload({ channel: "chat.r0", number: messages.length, micros: nowMicros() }));
  for (const server of servers) {
    server.announce();
  }
}

/** What has come since the first message, which was there before everybody. */
const TRUTHS = new Map([
  ["chat.r0", prepareTruth({ channel: "chat.r0", numbers: [1, 2, 3, 4], sequences: [2, 3, 4, 5] }, 1)],
]);

async function connect(name: TransportName, transport: Transport): Promise<Subscriber> {
  const plan = { ...SUBSCRIPTION, transport: name, node: 0 };
  const made = new Subscriber(
    plan,
    transport,
    servers.map(({ port }) => port),
  );
  subscriber = made;
  made.join();
  await waitUntil(() => made.isServed);
  return made;
}

const TRANSPORTS = [
  ["sse", () => new EventStreamTransport(SUBSCRIPTION, agent)],
  ["poll", () => new PollTransport(SUBSCRIPTION, agent, { timeoutMs: 10_000, pauseMs: 0 })],
  ["short-poll", () => new PollTransport(SUBSCRIPTION, agent, { timeoutMs: 0, pauseMs: 10 })],
] as const;

describe.each(TRANSPORTS)("a client by %s", (name, createTransport) => {
  test("gets everything once and in order, from whichever node", async () => {
    publish();
    const client = await connect(name, createTransport());
    publish();
    publish();
    servers[0]?.kill();
    publish();
    await waitUntil(() => client.node === 1 && client.isServed);
    publish();
    await waitUntil(() => client.hasAll(TRUTHS));
    expect(client.tally(TRUTHS)).toMatchObject({ harmed: 0, received: 4, connectionsLost: 1, resumed: 1 });
    expect(servers[1]?.cursors[0]).toMatch(/^abcdefgh-[1-4]$/);
  });

  test("keeps trying while no node is there", async () => {
    const client = await connect(name, createTransport());
    for (const server of servers) {
      server.kill();
    }
    await waitUntil(() => Object.keys(client.tally(new Map()).endings).length >= 2);
    expect(client.isServed).toBe(false);
    expect(client.tally(new Map()).connectionsLost).toBe(1);
  });
});
