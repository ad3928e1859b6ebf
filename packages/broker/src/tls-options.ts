import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { ConnectionOptions as NodeTlsOptions } from "node:tls";
import { checkServerIdentity } from "node:tls";
import type { TlsOptions } from "@nats-io/transport-node";
import { BrokerError } from "./broker-error.ts";
import type { BrokerTls } from "./broker-options.ts";

/** What Node compares a certificate with when it is given neither a name nor an address, as nats.js does for an address. */
const NO_NAME = "localhost";

/**
 * TLS options for nats.js, which reads the files again at every connect.
 *
 * @throws BrokerError `unreadable_file`: a path with a typing error should fail the start at once, not look like a
 *   server that is down.
 */
export function tlsOptionsFor(tls: BrokerTls, servers: readonly string[]): TlsOptions {
  const { caFile, certFile, keyFile, handshakeFirst } = tls;
  for (const path of [caFile, certFile, keyFile]) {
    if (path !== undefined) assertReadable(path);
  }
  // nats.js hands every TLS option of Node through, beyond those it has types for.
  const options: TlsOptions & Pick<NodeTlsOptions, "checkServerIdentity"> = {
    handshakeFirst,
    checkServerIdentity: identityCheck(servers),
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
  return options;
}

/**
 * Node's own check, except for a server connected to by its address: nats.js does not say which it is, so the
 * certificate must be for one of the addresses that are configured.
 */
function identityCheck(servers: readonly string[]): typeof checkServerIdentity {
  const addresses = servers.map(hostOf).filter((host) => isIP(host) !== 0);
  return (host, certificate) => {
    const mismatch = checkServerIdentity(host, certificate);
    if (mismatch === undefined || host !== NO_NAME) return mismatch;
    return addresses.some((address) => checkServerIdentity(address, certificate) === undefined)
      ? undefined
      : mismatch;
  };
}

function hostOf(server: string): string {
  return server
    .replace(/^[a-z]+:\/\//, "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

function assertReadable(path: string): void {
  try {
    readFileSync(path);
  } catch (cause) {
    throw new BrokerError("unreadable_file", `${path} cannot be read`, { cause });
  }
}
