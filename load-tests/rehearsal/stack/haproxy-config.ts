/** Where HAProxy reaches one node: for clients, and for health checks. */
export interface BalancedServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly checkPort: number;
}

/** Longer than a poll may wait. */
const POLL_LIMIT_SECONDS = 40;
/** Longer than any silence of a node that is well, and short enough that the clients of one that is cut off leave it. */
const SILENCE_LIMIT_SECONDS = 8;

/**
 * HAProxy as it stands before a cluster, with shorter times. A node that is not ready gets no new connections and keeps those it
 * has: closing them all at once is what its paced goodbye is there to avoid.
 */
export function haproxyConfig(port: number, servers: readonly BalancedServer[]): string {
  const lines = servers.map(
    ({ name, host, port: clients, checkPort }) => `  server ${name} ${host}:${clients} port ${checkPort}`,
  );
  return `
defaults
  mode http
  option http-no-delay
  option redispatch 1
  retries 3
  timeout connect 1s
  timeout client 120s
  timeout server ${SILENCE_LIMIT_SECONDS}s
  timeout tunnel ${SILENCE_LIMIT_SECONDS}s
  timeout check 500ms
frontend clients
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  balance leastconn
  http-request set-timeout server ${POLL_LIMIT_SECONDS}s if { path /v1/poll }
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 250ms fall 2 rise 1
${lines.join("\n")}
`;
}
