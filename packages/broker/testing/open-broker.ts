import type { NatsConnection, OwnNatsServer, StartNatsOptions } from "@tidegate/testkit";
import { connectPlainNats, startNats } from "@tidegate/testkit";
import { onTestFinished } from "vitest";
import type { Broker } from "../src/broker.ts";
import { connectBroker } from "../src/broker.ts";
import type { BrokerError } from "../src/broker-error.ts";
import type { BrokerOptionsInput } from "../src/broker-options.ts";
import { resolveBrokerOptions } from "../src/broker-options.ts";
import type { BrokerState } from "../src/link.ts";
import type { LiveMessage } from "../src/live-message.ts";
import { Collector } from "./collector.ts";

export interface OpenBroker {
  readonly broker: Broker;
  /** What went to `onError`. */
  readonly errors: Collector<BrokerError>;
  readonly states: Collector<BrokerState>;
}

/** A server of this test alone; stopped with it. */
export async function ownServer(options: StartNatsOptions = {}): Promise<OwnNatsServer> {
  const server = await startNats({ ...options, own: true });
  onTestFinished(() => server.stop());
  return server;
}

/** A broker that reacts fast, for this test; drained with it. */
export async function openBroker(
  url: string,
  options: Partial<BrokerOptionsInput> = {},
): Promise<OpenBroker> {
  const errors = new Collector<BrokerError>();
  const states = new Collector<BrokerState>();
  const broker = await connectBroker(
    resolveBrokerOptions({
      servers: [url],
      name: "node-under-test",
      reconnectTimeWaitMs: 20,
      reconnectJitterMs: 10,
      drainTimeoutMs: 2_000,
      onError: errors.push,
      ...options,
    }),
  );
  onTestFinished(() => broker.drain());
  broker.onState(states.push);
  return { broker, errors, states };
}

/** A NATS client that knows nothing of us, for this test; closed with it. */
export async function plainClient(url: string): Promise<NatsConnection> {
  const client = await connectPlainNats(url);
  onTestFinished(() => client.close());
  return client;
}

/** A message as it can be kept and compared. */
export function kept(message: LiveMessage) {
  return { ...message, payload: Buffer.from(message.payload).toString() };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
