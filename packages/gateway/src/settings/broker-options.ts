import type { BrokerCredentials, BrokerOptionsInput } from "@tidegate/broker";
import type { GatewaySettings } from "./gateway-settings.ts";
import { historyPolicies } from "./namespace-schema.ts";

/** The broker's options as far as the settings decide them. */
export function brokerOptions(settings: GatewaySettings, node: string): BrokerOptionsInput {
  const { nats, subjects, limits } = settings;
  const { caFile, certFile, keyFile, handshakeFirst } = nats;
  const tls = caFile !== undefined || certFile !== undefined || handshakeFirst;
  return {
    servers: nats.servers,
    name: node,
    credentials: credentials(nats),
    ...(tls ? { tls: { caFile, certFile, keyFile, handshakeFirst } } : {}),
    subjectPrefix: subjects.prefix,
    startupDeadlineMs: nats.startupDeadlineMs,
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

function credentials(nats: GatewaySettings["nats"]): BrokerCredentials {
  if (nats.user !== undefined && nats.password !== undefined) {
    return { kind: "password", user: nats.user, password: nats.password };
  }
  if (nats.token !== undefined) {
    return { kind: "token", token: nats.token };
  }
  if (nats.credsFile !== undefined) {
    return { kind: "creds_file", path: nats.credsFile };
  }
  return nats.nkeyFile === undefined ? { kind: "none" } : { kind: "nkey_file", path: nats.nkeyFile };
}
