import type { BrokerCredentials } from "@tidegate/broker";

/** Where NATS is and how to get in, taken apart. */
export interface NatsAccess {
  /** Without credentials. */
  readonly servers: readonly string[];
  readonly credentials: BrokerCredentials;
}

/**
 * Reads an address as `NATS_URL` holds it: one or several with commas between, with a user and password or a token
 * in the first, as NATS tools take them.
 *
 * @throws TypeError if it is not an address; the message does not repeat it.
 */
export function natsAccess(natsUrl: string): NatsAccess {
  const urls = natsUrl.split(",").map(parse);
  const { username = "", password = "" } = urls[0] ?? {};
  return {
    servers: urls.map((url) => `${url.protocol}//${url.host}`),
    credentials: credentialsOf(decodeURIComponent(username), decodeURIComponent(password)),
  };
}

function parse(text: string): URL {
  const address = text.trim();
  const url = URL.parse(address.includes("://") ? address : `nats://${address}`);
  if (url === null || url.hostname === "" || !["", "/"].includes(url.pathname)) {
    throw new TypeError("NATS_URL is not a list of addresses like nats://host:4222");
  }
  return url;
}

function credentialsOf(user: string, password: string): BrokerCredentials {
  if (user === "") {
    return { kind: "none" };
  }
  return password === "" ? { kind: "token", token: user } : { kind: "password", user, password };
}
