import type { Broker, BrokerStats } from "@tidegate/broker";
import { RESET_REASONS, type ResetReason } from "@tidegate/protocol";
import type { GatewayMetrics } from "./metrics.ts";
import type { Traffic } from "./traffic.ts";

export interface Readings {
  /** By transport. */
  readonly connections: Readonly<Record<string, () => number>>;
  readonly subscriptions: () => number;
  readonly channels: () => number;
  /** Connections that read too slowly now, by transport. */
  readonly lagging: Readonly<Record<string, () => number>>;
  /** By load. */
  readonly shedding: Readonly<Record<string, () => number>>;
  readonly arrivalsWaiting: () => number;
  readonly traffic: Traffic;
  readonly broker: Pick<Broker, "state" | "stats">;
}

/** Exports numbers that are kept anyway: they are read at scrape time and cost nothing between scrapes. */
export function publishReadings(metrics: GatewayMetrics, readings: Readings): void {
  const { traffic, broker } = readings;
  for (const [transport, read] of Object.entries(readings.connections)) {
    metrics.connections.fromFunction(read, { transport });
  }
  for (const [transport, read] of Object.entries(readings.lagging)) {
    metrics.connectionsLagging.fromFunction(read, { transport });
  }
  metrics.lags.fromFunction(() => traffic.lags);
  for (const [load, read] of Object.entries(readings.shedding)) {
    metrics.shedding.fromFunction(read, { load });
  }
  metrics.arrivalsWaiting.fromFunction(readings.arrivalsWaiting);
  metrics.subscriptions.fromFunction(readings.subscriptions);
  metrics.channels.fromFunction(readings.channels);
  metrics.messagesIn.fromFunction(() => traffic.messagesIn);
  metrics.bytesIn.fromFunction(() => traffic.bytesIn);
  metrics.messagesOut.fromFunction(() => traffic.messagesOut);
  metrics.bytesOut.fromFunction(() => traffic.bytesOut);
  metrics.messagesMissed.fromFunction(() => traffic.messagesMissed);
  metrics.messagesConflated.fromFunction(() => traffic.messagesConflated);
  metrics.natsMessagesIgnored.fromFunction(() => traffic.messagesIgnored);
  metrics.natsConnected.fromFunction(() => (broker.state === "connected" ? 1 : 0));
  const stats = readOncePerTurn(() => broker.stats);
  metrics.tails.fromFunction(() => stats().tails.tails);
  metrics.ringBytes.fromFunction(() => stats().tails.ringBytes);
  metrics.tailGaps.fromFunction(() => stats().tails.gaps);
  metrics.tailRepairs.fromFunction(() => stats().tails.repairs);
  metrics.tailDuplicates.fromFunction(() => stats().tails.duplicates);
  metrics.ticksMissed.fromFunction(() => stats().tails.missedTicks);
  metrics.streamReads.fromFunction(() => stats().tails.streamReads);
  for (const reason of Object.keys(RESET_REASONS) as ResetReason[]) {
    metrics.tailResets.fromFunction(() => stats().tails.tailResets[reason], { reason });
  }
  metrics.natsReconnects.fromFunction(() => stats().reconnects);
  metrics.natsDisconnects.fromFunction(() => stats().disconnects);
  metrics.natsMessagesIn.fromFunction(() => stats().messagesIn);
  metrics.natsMessagesOut.fromFunction(() => stats().messagesOut);
  metrics.natsBytesIn.fromFunction(() => stats().bytesIn);
  metrics.natsBytesOut.fromFunction(() => stats().bytesOut);
  metrics.natsPendingBytes.fromFunction(() => stats().pendingBytes);
  metrics.natsSubscriptions.fromFunction(() => stats().liveSubscriptions);
  metrics.natsSlowConsumers.fromFunction(() => stats().slowConsumers);
  metrics.natsCallbackErrors.fromFunction(() => stats().callbackErrors);
}

/** One reading serves a whole scrape: the sums are over all tails, of which there may be many. */
function readOncePerTurn(read: () => BrokerStats): () => BrokerStats {
  let last: BrokerStats | undefined;
  return () => {
    if (last === undefined) {
      last = read();
      setImmediate(() => {
        last = undefined;
      });
    }
    return last;
  };
}
