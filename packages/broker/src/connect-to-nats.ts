import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions, NatsConnection } from "@nats-io/transport-node";
import { AuthorizationError, connect } from "@nats-io/transport-node";
import { authenticatorFor } from "./broker-credentials.ts";
import { BrokerError } from "./broker-error.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { tlsOptionsFor } from "./tls-options.ts";

/** nats.js adds a jitter of its own with TLS, where the handshakes of a returning crowd cost the server most. */
const TLS_JITTER_FACTOR = 3;

type Attempt =
  | { readonly kind: "connected"; readonly connection: NatsConnection }
  | { readonly kind: "failed"; readonly reason: unknown }
  | { readonly kind: "expired" };

/**
 * Connects for the first time: tries all servers in turn until one answers or the startup deadline has passed.
 *
 * nats.js can wait for a first connection by itself, but then it waits for ever, without saying why, and cannot be
 * stopped. So each round here is one connect without waiting, which fails with a reason.
 *
 * Refused credentials end it at once: waiting does not make them right. An attempt that a silent server leaves hanging
 * cannot be called off, and its socket keeps the process alive: whoever gives up should exit.
 *
 * @throws BrokerError `startup_timeout`, `denied`, `unreadable_file`, or `closed` when `signal` aborts.
 */
export async function connectToNats(
  options: BrokerOptions,
  signal: AbortSignal | undefined,
): Promise<NatsConnection> {
  const natsOptions = toConnectionOptions(options);
  const servers = options.servers.join(", ");
  const expiry = new AbortController();
  const stop = signal === undefined ? expiry.signal : AbortSignal.any([expiry.signal, signal]);
  const deadline = setTimeout(() => expiry.abort(), options.startupDeadlineMs);
  let reason = "no answer";
  try {
    while (!stop.aborted) {
      const attempt = await attemptUntil(natsOptions, stop);
      if (attempt.kind === "connected") {
        restoreServers(attempt.connection, options.servers);
        return attempt.connection;
      }
      if (attempt.kind === "failed") {
        if (isRefusal(attempt.reason)) {
          throw new BrokerError("denied", `NATS at ${servers} refused ${describe(options)}`);
        }
        reason = attempt.reason instanceof Error ? attempt.reason.message : String(attempt.reason);
        const pause = options.reconnectTimeWaitMs + Math.random() * options.reconnectJitterMs;
        await sleep(pause, undefined, { signal: stop }).catch(() => {});
      }
    }
  } finally {
    clearTimeout(deadline);
  }
  if (signal?.aborted === true) throw new BrokerError("closed", "connecting was cancelled");
  throw new BrokerError(
    "startup_timeout",
    `no NATS server of ${servers} could be connected to within ${options.startupDeadlineMs} ms; last reason: ${reason}`,
  );
}

async function attemptUntil(natsOptions: ConnectionOptions, stop: AbortSignal): Promise<Attempt> {
  const attempt = connect(natsOptions).then(
    (connection): Attempt => ({ kind: "connected", connection }),
    (reason: unknown): Attempt => ({ kind: "failed", reason }),
  );
  const expired = Promise.withResolvers<Attempt>();
  const onStop = () => expired.resolve({ kind: "expired" });
  stop.addEventListener("abort", onStop, { once: true });
  const first = await Promise.race([attempt, expired.promise]);
  stop.removeEventListener("abort", onStop);
  if (first.kind === "expired") {
    // The attempt cannot be called off: close what it may still bring.
    void attempt.then((late) => (late.kind === "connected" ? late.connection.close() : undefined));
  }
  return first;
}

/**
 * A server that was down during the first connect is struck off nats.js's list for good; it belongs back, or a node that
 * started during an outage would stay on the servers it found. Servers learnt from the cluster stay too.
 */
function restoreServers(connection: NatsConnection, servers: readonly string[]): void {
  const known = connection.getServers().map(({ listen }) => listen);
  const missing = servers
    .map((server) => server.replace(/^[a-z]+:\/\//, ""))
    .filter((server) => !known.includes(server));
  if (missing.length > 0) connection.setServers([...known, ...missing]);
}

function isRefusal(reason: unknown): boolean {
  // An authentication timeout has the same class, but tells of a busy server, not of wrong credentials.
  return reason instanceof AuthorizationError && !/timeout/i.test(reason.message);
}

function describe(options: BrokerOptions): string {
  switch (options.credentials.kind) {
    case "none":
      return "a connection without credentials";
    case "password":
      return "the user and password";
    case "token":
      return "the token";
    case "creds_file":
    case "nkey_file":
      return `the credentials in ${options.credentials.path}`;
  }
}

function toConnectionOptions(options: BrokerOptions): ConnectionOptions {
  const authenticator = authenticatorFor(options.credentials);
  return {
    servers: [...options.servers],
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    timeout: options.connectTimeoutMs,
    reconnect: true,
    // The default of 10 per server would close the connection for good after seconds.
    maxReconnectAttempts: -1,
    reconnectTimeWait: options.reconnectTimeWaitMs,
    reconnectJitter: options.reconnectJitterMs,
    reconnectJitterTLS: options.reconnectJitterMs * TLS_JITTER_FACTOR,
    // By default the same authorization error twice in a row closes the connection for good.
    ignoreAuthErrorAbort: true,
    pingInterval: options.pingIntervalMs,
    maxPingOut: options.maxPingOut,
    noAsyncTraces: true,
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(options.tls === undefined ? {} : { tls: tlsOptionsFor(options.tls, options.servers) }),
  };
}
