import { isIP } from "node:net";
import type { AddressPolicy } from "./address-policy.ts";

const MAX_URL_BYTES = 2_048;

export interface UrlRules {
  /** Plain HTTP carries payloads and signatures in the open: for development. */
  readonly allowHttp: boolean;
  /** Ports that may be named. Empty: any. */
  readonly ports: readonly number[];
  readonly addresses: AddressPolicy;
}

const PORT_OF_SCHEME: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };

/**
 * Says what is wrong with the URL of an endpoint, or undefined. This is what can be known without a connection, and is judged again
 * before each attempt, since the rules may have changed; what a name resolves to is judged when connecting, and only there.
 */
export function urlProblem(text: string, rules: UrlRules): string | undefined {
  if (Buffer.byteLength(text) > MAX_URL_BYTES) return `is longer than ${MAX_URL_BYTES} bytes`;
  const url = URL.parse(text);
  if (url === null) return "is not a URL";
  if (url.protocol !== "https:" && !(rules.allowHttp && url.protocol === "http:")) {
    return rules.allowHttp ? "must begin with https:// or http://" : "must begin with https://";
  }
  if (url.username !== "" || url.password !== "")
    return "must not carry a user or password; use a static header";
  if (url.hash !== "") return "must not have a fragment, which is never sent";
  const port = url.port === "" ? (PORT_OF_SCHEME[url.protocol] ?? 0) : Number(url.port);
  if (rules.ports.length > 0 && !rules.ports.includes(port)) {
    return `must use one of the ports ${rules.ports.join(", ")}`;
  }
  const host = bareHost(url.hostname);
  if (isIP(host) !== 0 && !rules.addresses.allows(host)) return "names a destination that is not allowed";
  return undefined;
}

/** The host of a URL without the brackets of an IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
}
