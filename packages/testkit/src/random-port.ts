import { randomInt } from "node:crypto";

const lowest = 20_000;
const end = 32_768;

/**
 * A port to try to listen on; it may be in use, so be prepared to try another.
 *
 * The kernel is not asked for one (port 0), because it would come from the range it also takes from for outgoing
 * connections (from 32768 on Linux, from 49152 on macOS). A server that must come back on its port after an
 * outage could find it taken, even by one of its own clients: a client that keeps connecting to a closed port
 * of that range on loopback sooner or later gets that very port as its own and is connected to itself.
 */
export function randomPort(): number {
  return randomInt(lowest, end);
}
