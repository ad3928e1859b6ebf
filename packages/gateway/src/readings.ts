import type { Broker } from "@tidegate/broker";
import type { GatewayMetrics } from "./metrics.ts";
import type { Traffic } from "./traffic.ts";

export interface Readings {
  readonly connections: () => number;
  readonly subscriptions: () => number;
  readonly channels: () => number;
  readonly traffic: Traffic;
  readonly broker: Pick<Broker, "state" | "stats">;
}

/** Exports numbers that are kept anyway: they are read at scrape time and cost nothing between scrapes. */
export function publishReadings(metrics: GatewayMetrics, readings: Readings): void {
  const { traffic, broker } = readings;
  metrics.connections.fromFunction(readings.connections, { transport: "websocket" });
  metrics.subscriptions.fromFunction(readings.subscriptions);
  metrics.channels.fromFunction(readings.channels);
  metrics.messagesIn.fromFunction(() => traffic.messagesIn);
  metrics.bytesIn.fromFunction(() => traffic.bytesIn);
  metrics.messagesOut.fromFunction(() => traffic.messagesOut);
  metrics.bytesOut.fromFunction(() => traffic.bytesOut);
  metrics.messagesMissed.fromFunction(() => traffic.messagesMissed);
  metrics.natsMessagesIgnored.fromFunction(() => traffic.messagesIgnored);
  metrics.natsConnected.fromFunction(() => (broker.state === "connected" ? 1 : 0));
  metrics.natsReconnects.fromFunction(() => broker.stats.reconnects);
  metrics.natsDisconnects.fromFunction(() => broker.stats.disconnects);
  metrics.natsMessagesIn.fromFunction(() => broker.stats.messagesIn);
  metrics.natsMessagesOut.fromFunction(() => broker.stats.messagesOut);
  metrics.natsBytesIn.fromFunction(() => broker.stats.bytesIn);
  metrics.natsBytesOut.fromFunction(() => broker.stats.bytesOut);
  metrics.natsPendingBytes.fromFunction(() => broker.stats.pendingBytes);
  metrics.natsSubscriptions.fromFunction(() => broker.stats.liveSubscriptions);
  metrics.natsSlowConsumers.fromFunction(() => broker.stats.slowConsumers);
  metrics.natsCallbackErrors.fromFunction(() => broker.stats.callbackErrors);
}
