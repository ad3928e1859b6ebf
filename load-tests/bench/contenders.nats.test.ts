import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import {
  connectPlainNats,
  type NatsConnection,
  type OwnNatsServer,
  startNats,
  waitUntil,
} from "@tidegate/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nowMicros, stampedPayload } from "../swarm/stamp.ts";
import type { BenchServer } from "./bench-server.ts";
import { NodeClients } from "./clients/node-clients.ts";
import { CONTENDERS } from "./contenders.ts";
import { OWN_CHANNELS, SHARED_CHANNEL } from "./scenario.ts";
import { SERVER_NAMES } from "./server-name.ts";

const SUBJECT_PREFIX = "rt-contender";
const CLIENTS = 2;
const MESSAGES = 3;

let nats: OwnNatsServer;
let publisher: NatsConnection;
let token: string;

beforeAll(async () => {
  nats = await startNats({ own: true });
  publisher = await connectPlainNats(nats.url);
  token = await mintToken(
    { sub: "user", grants: { subscribe: ["bench.>"] }, expiresInSeconds: 3600 },
    DEVELOPMENT_KEY,
  );
});

afterAll(async () => {
  await publisher.close();
  await nats.stop();
});

async function publish(channel: string, first: number): Promise<void> {
  for (let message = 0; message < MESSAGES; message += 1) {
    publisher.publish(`${SUBJECT_PREFIX}.${channel}`, stampedPayload(first + message, nowMicros(), 128));
  }
  await publisher.flush();
}

async function opened(server: BenchServer, name: keyof typeof CONTENDERS, channel: "shared" | "own") {
  const plans = Array.from({ length: CLIENTS }, (_, client) =>
    CONTENDERS[name].plan({ client, token, channel, batch: false, transport: "ws", resuming: false }),
  );
  const clients = new NodeClients(server.ports, plans);
  await clients.open(CLIENTS, 1, AbortSignal.timeout(10_000));
  await clients.begin(0);
  return clients;
}

// Centrifugo needs its own program.
describe.each(SERVER_NAMES.filter((name) => name !== "centrifugo"))("the contender %s", (name) => {
  let server: BenchServer;

  beforeAll(async () => {
    server = await CONTENDERS[name].start({
      natsUrl: nats.url,
      subjectPrefix: SUBJECT_PREFIX,
      cpus: { kind: "free", reason: "a test" },
      profileDirectory: undefined,
      settings: {},
    });
  });

  afterAll(async () => {
    await server.stop();
  });

  test("sends what is for everybody to everybody", async () => {
    const clients = await opened(server, name, "shared");
    await publish(SHARED_CHANNEL, 0);
    await waitUntil(async () => (await clients.report()).received === CLIENTS * MESSAGES);
    expect(await clients.report()).toMatchObject({ repeated: 0, closed: 0 });
    await clients.stop();
  });

  test("sends what is for one client to that client", async () => {
    const clients = await opened(server, name, "own");
    await publish(`${OWN_CHANNELS}.0`, 0);
    await publish(`${OWN_CHANNELS}.1`, 0);
    await waitUntil(async () => (await clients.report()).received === CLIENTS * MESSAGES);
    // Had one got what is for the other, that would be repeated.
    expect(await clients.report()).toMatchObject({ repeated: 0, closed: 0 });
    await clients.stop();
  });

  test("tells what it uses", async () => {
    const before = await server.readings();
    await server.collectGarbage();
    const after = await server.readings();
    expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds);
    expect(after.residentBytes).toBeGreaterThan(1024 * 1024);
  });
});
