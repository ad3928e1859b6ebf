import { connect } from "@nats-io/transport-node";
import { onTestFinished } from "vitest";
import type { BrokerError } from "../src/broker-error.ts";
import { resolveBrokerOptions } from "../src/broker-options.ts";
import { Confirmations } from "../src/confirmations.ts";
import { Faults } from "../src/faults.ts";
import { HeaderReader } from "../src/header-reader.ts";
import { Link } from "../src/link.ts";
import { Outbound } from "../src/outbound.ts";
import { Requests } from "../src/requests.ts";
import type { HistoryPolicy } from "../src/store/history-policy.ts";
import type { NamespaceStore } from "../src/store/streams.ts";
import { Streams } from "../src/store/streams.ts";
import { Collector } from "./collector.ts";
import { HISTORY } from "./stream.ts";

export interface OpenReader extends NamespaceStore {
  readonly streams: Streams;
  readonly link: Link;
  /** What went to `onError`. */
  readonly errors: Collector<BrokerError>;
}

export interface OpenReaderOptions {
  readonly namespace?: string;
  readonly policy?: Partial<HistoryPolicy>;
  readonly storeTimeoutMs?: number;
}

/** The reader of one namespace over a connection of this test alone. */
export async function openReader(url: string, options: OpenReaderOptions = {}): Promise<OpenReader> {
  const { namespace = "chat", policy = {}, storeTimeoutMs = 2_000 } = options;
  const errors = new Collector<BrokerError>();
  const nats = await connect({ servers: url, reconnectTimeWait: 20, maxReconnectAttempts: -1 });
  onTestFinished(() => nats.close());
  const resolved = resolveBrokerOptions({
    servers: [url],
    name: "reader-under-test",
    histories: new Map([[namespace, { ...HISTORY, ...policy }]]),
    storeTimeoutMs,
    onError: errors.push,
  });
  const faults = new Faults(errors.push);
  const link = new Link(nats, resolved, faults);
  const reader = new HeaderReader();
  const outbound = new Outbound(link, new Confirmations(link), resolved.maxPendingBytes);
  const requests = new Requests({ link, outbound, reader, faults, inboxPrefix: resolved.inboxPrefix });
  const streams = new Streams({ link, outbound, requests, reader, faults, options: resolved });
  const store = streams.storeOf(namespace);
  if (store === undefined) throw new TypeError("the namespace has just been configured");
  return { ...store, streams, link, errors };
}
