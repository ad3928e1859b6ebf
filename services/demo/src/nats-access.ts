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
  const urls = natsAddresses(natsUrl).map(parse);
  const { username = "", password = "" } = urls[0] ?? {};
  return {
    servers: urls.map((url) => `${url.protocol}//${url.host}`),
    credentials: credentialsOf(decodeURIComponent(username), decodeURIComponent(password)),
  };
}

/** The members of an address as `NATS_URL` holds it, each with its scheme. */
export function natsAddresses(natsUrl: string): readonly string[] {
  return natsUrl
    .split(",")
    .map((member) => member.trim())
    .map((member) => (member.includes("://") ? member : `nats://${member}`));
}

function parse(address: string): URL {
  const url = URL.parse(address);
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
