import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import { Agent, buildConnector } from "undici";
import type { AddressPolicy } from "./address-policy.ts";
import { DestinationError } from "./destination-error.ts";
import type { Resolve } from "./resolver.ts";
import { bareHost } from "./url-policy.ts";

export interface GuardedAgentOptions {
  readonly addresses: AddressPolicy;
  readonly resolve: Resolve;
  /** For DNS, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Authorities to trust besides the system's, in PEM: for tests and private networks. */
  readonly authorities?: readonly string[] | undefined;
}

/**
 * An agent that connects to allowed addresses only. What counts is the address that the socket goes to: names are judged by the
 * answer that this very connection uses, so a name that resolves to something else a moment later gains nothing. If one
 * address of several is refused, all are.
 *
 * It goes through no proxy, whatever the environment says, and must never become the global dispatcher.
 */
export function guardedAgent(options: GuardedAgentOptions): Agent {
  const { addresses, resolve, connectTimeoutMs, authorities } = options;
  const lookup: LookupFunction = (hostname, { family }, done) => {
    resolve(hostname).then(
      (found) => {
        const refused = found.length === 0 || found.some(({ address }) => !addresses.allows(address));
        if (refused) return done(new DestinationError(), []);
        const wanted = found.filter((one) => family === undefined || family === 0 || one.family === family);
        return done(null, [...(wanted.length > 0 ? wanted : found)]);
      },
      (error: unknown) =>
        done(error instanceof Error ? error : new Error("the name could not be resolved"), []),
    );
  };
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    autoSelectFamily: true,
    lookup,
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
  });
  return new Agent({
    pipelining: 1,
    keepAliveTimeout: 10_000,
    maxResponseSize: -1,
    connect: (target, done) => {
      const host = bareHost(target.hostname);
      // A literal address is never looked up, so the check of the lookup would not see it.
      if (isIP(host) !== 0 && !addresses.allows(host)) return done(new DestinationError(), null);
      connect(target, (error, socket) => {
        if (error !== null) return done(error, null);
        // Whatever way the address was found: the one that answers must be allowed.
        if (!addresses.allows(socket.remoteAddress ?? "")) {
          socket.destroy();
          return done(new DestinationError(), null);
        }
        done(null, socket);
      });
    },
  });
}
