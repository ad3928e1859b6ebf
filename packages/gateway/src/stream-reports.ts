import type { Broker, StreamStatus } from "@tidegate/broker";
import type { Logger } from "@tidegate/runtime";
import type { GatewayMetrics } from "./metrics.ts";

const COMMAND = "npm run provision";

/**
 * Says when a stream is found missing, different or well again, and counts those that cannot serve.
 *
 * A node stays ready all the same: its live namespaces work, calls to the others are answered with what is wrong, and the
 * stream would be missing for every other node, too.
 */
export function reportStreams(
  broker: Pick<Broker, "streams" | "onStreamStatus">,
  metrics: GatewayMetrics,
  logger: Logger,
): void {
  metrics.streamsUnavailable.fromFunction(
    () => [...broker.streams.values()].filter(({ kind }) => kind !== "fit" && kind !== "unknown").length,
  );
  for (const [namespace, status] of broker.streams) {
    report(logger, namespace, status);
  }
  broker.onStreamStatus((namespace, status) => report(logger, namespace, status));
}

function report(logger: Logger, namespace: string, status: StreamStatus): void {
  switch (status.kind) {
    case "unknown":
      return;
    case "fit":
      if (status.differences.length === 0) {
        logger.info({ namespace, epoch: status.epoch }, "the namespace's stream is as it should be");
      } else {
        const { differences } = status;
        logger.warn({ namespace, differences }, `the namespace's stream is not as configured: ${COMMAND}`);
      }
      return;
    case "missing":
      logger.warn({ namespace }, `the namespace keeps history, but its stream is missing: ${COMMAND}`);
      return;
    case "unfit": {
      const { differences } = status;
      logger.warn({ namespace, differences }, `the namespace's stream cannot serve as it is: ${COMMAND}`);
      return;
    }
    case "unreachable":
      logger.warn({ namespace, reason: status.reason }, "the namespace's stream cannot be reached");
  }
}
