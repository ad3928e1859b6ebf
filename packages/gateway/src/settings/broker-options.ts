import { type BrokerOptionsInput, brokerOptionsOf } from "@tidegate/broker";
import type { GatewaySettings } from "./gateway-settings.ts";
import { historyPolicies } from "./namespace-schema.ts";

/** The broker's options as far as the settings decide them. */
export function brokerOptions(settings: GatewaySettings, node: string): BrokerOptionsInput {
  const { nats, subjects, limits } = settings;
  return {
    ...brokerOptionsOf(nats, node),
    subjectPrefix: subjects.prefix,
    lingerMs: nats.lingerMs,
    maxRequestTimeoutMs: limits.requestTimeoutMs,
    histories: historyPolicies(settings.namespaces),
    tails: {
      ringBytes: limits.ringBytes,
      ringMessages: limits.ringMessages,
      replayMessages: limits.replayMessages,
      replayBytes: limits.replayBytes,
    },
  };
}
