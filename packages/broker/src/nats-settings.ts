import type { BrokerCredentials } from "./broker-credentials.ts";
import type { BrokerOptionsInput } from "./broker-options.ts";

/** What services are told about NATS, by the names of their settings without `nats.`. */
export interface NatsSettings {
  readonly servers: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly credsFile: string | undefined;
  readonly nkeyFile: string | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly handshakeFirst: boolean;
  readonly inboxPrefix: string | undefined;
  readonly startupDeadlineMs: number;
}

/**
 * How to connect, as far as the settings decide it. A service adds what it has settings of its own for.
 *
 * @param name of the connection.
 */
export function brokerOptionsOf(nats: NatsSettings, name: string): BrokerOptionsInput {
  const { servers, caFile, certFile, keyFile, handshakeFirst, inboxPrefix, startupDeadlineMs } = nats;
  const tls = caFile !== undefined || certFile !== undefined || handshakeFirst;
  return {
    servers,
    name,
    credentials: credentials(nats),
    ...(tls ? { tls: { caFile, certFile, keyFile, handshakeFirst } } : {}),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    startupDeadlineMs,
  };
}

function credentials({ user, password, token, credsFile, nkeyFile }: NatsSettings): BrokerCredentials {
  if (user !== undefined && password !== undefined) {
    return { kind: "password", user, password };
  }
  if (token !== undefined) {
    return { kind: "token", token };
  }
  if (credsFile !== undefined) {
    return { kind: "creds_file", path: credsFile };
  }
  return nkeyFile === undefined ? { kind: "none" } : { kind: "nkey_file", path: nkeyFile };
}
