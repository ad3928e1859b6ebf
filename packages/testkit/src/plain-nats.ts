import { connect, headers, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";

/**
 * A NATS connection as a backend has it that knows nothing of Tidegate: for tests that publish and subscribe
 * around the gateway. Close it (it is disposable) before the server stops.
 *
 * @param url a list with commas is allowed; a user and password, or a token as the user alone, are taken from it
 */
export async function connectPlainNats(url: string): Promise<NatsConnection> {
  const addresses = url.split(",").map((address) => address.trim());
  const [first = ""] = addresses;
  const parsed = URL.parse(first.includes("://") ? first : `nats://${first}`);
  return await connect({
    servers: addresses.map((address) => address.replace(/^([a-z]+:\/\/)?[^@/]*@/, "$1")),
    name: "plain backend",
    // Servers of tests go down and come back; the defaults would wait for seconds and then give up for good.
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 10,
    noAsyncTraces: true,
    ...credentials(decodeURIComponent(parsed?.username ?? ""), decodeURIComponent(parsed?.password ?? "")),
  });
}

function credentials(
  user: string,
  pass: string,
): { user: string; pass: string } | { token: string } | undefined {
  if (user === "") return undefined;
  return pass === "" ? { token: user } : { user, pass };
}

/** NATS headers from an object, for those who may not import a NATS package. A list gives repeated headers. */
export function plainNatsHeaders(values: Readonly<Record<string, string | readonly string[]>>): MsgHdrs {
  const result = headers();
  for (const [name, value] of Object.entries(values)) {
    for (const one of typeof value === "string" ? [value] : value) result.append(name, one);
  }
  return result;
}

export type { NatsConnection };
