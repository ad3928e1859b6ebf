import type { HttpRequest, HttpResponse } from "uWebSockets.js";
import type { Handshake } from "../handshake.ts";

const FORWARDED_FOR = "x-forwarded-for";

/**
 * Copies what the gateway needs of an upgrade request: the native object is valid only inside the handler.
 *
 * @param forwardedHops proxies in front that append to X-Forwarded-For; 0 ignores the header, which
 *   anybody could send.
 */
export function readHandshake(
  response: HttpResponse,
  request: HttpRequest,
  forwardedHops: number,
): Handshake {
  return {
    query: request.getQuery() ?? "",
    origin: request.getHeader("origin"),
    host: request.getHeader("host"),
    authorization: request.getHeader("authorization"),
    subprotocols: request.getHeader("sec-websocket-protocol"),
    cookie: request.getHeader("cookie"),
    address: readAddress(response, request, forwardedHops),
  };
}

/** The address of the client, as far as proxies in front can be believed; see {@link readHandshake}. */
export function readAddress(response: HttpResponse, request: HttpRequest, forwardedHops: number): string {
  return clientAddress(
    Buffer.from(response.getRemoteAddressAsText()).toString("latin1"),
    forwardedHops === 0 ? "" : allValues(request, FORWARDED_FOR),
    forwardedHops,
  );
}

/**
 * All lines of a header as one list. `getHeader` gives the first alone, which with proxies that add a line of their own,
 * as HAProxy does, is the one that the client made up.
 */
function allValues(request: HttpRequest, name: string): string {
  const values: string[] = [];
  request.forEach((key, value) => {
    if (key === name) {
      values.push(value);
    }
  });
  return values.join(",");
}

/** The address that the outermost trusted proxy saw: each hop appends, so it is counted from the right. */
export function clientAddress(remote: string, forwardedFor: string, forwardedHops: number): string {
  if (forwardedHops === 0 || forwardedFor === "") {
    return remote;
  }
  const hops = forwardedFor.split(",").map((hop) => hop.trim());
  return hops[Math.max(0, hops.length - forwardedHops)] || remote;
}
