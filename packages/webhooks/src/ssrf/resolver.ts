import { lookup, Resolver } from "node:dns/promises";

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Finds all addresses of a host name. Rejects when there are none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/**
 * Asks the DNS servers directly. The system's resolver works on the four threads of libuv: a few names whose servers do not
 * answer would hold up the names of everybody else.
 */
export function dnsResolve(): Resolve {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = [
      ...(four.status === "fulfilled" ? four.value : []).map((address) => ({ address, family: 4 })),
      ...(six.status === "fulfilled" ? six.value : []).map((address) => ({ address, family: 6 })),
    ];
    if (addresses.length === 0 && four.status === "rejected") throw four.reason;
    return addresses;
  };
}

/** As every other program of the machine resolves: with its hosts file and search domains. */
export function systemResolve(): Resolve {
  return (hostname) => lookup(hostname, { all: true, verbatim: true });
}
