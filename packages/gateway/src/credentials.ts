import { TOKEN_SUBPROTOCOL_PREFIX } from "@tidegate/protocol";
import type { Handshake } from "./handshake.ts";

/**
 * The token that a handshake carries, by precedence: what a caller must set on purpose comes before what
 * a browser adds by itself. `undefined`: the token comes in `connect`, or the client is anonymous.
 *
 * `cookieName` is `undefined` unless the request's origin stands on an allow-list: a cookie is sent by any page
 * that opens a socket, so without the list a foreign page could act for the user.
 */
export function handshakeToken(
  handshake: Pick<Handshake, "authorization" | "subprotocols" | "cookie">,
  query: URLSearchParams,
  cookieName: string | undefined,
): string | undefined {
  return (
    bearerToken(handshake.authorization) ??
    subprotocolToken(handshake.subprotocols) ??
    query.get("access_token") ??
    (cookieName === undefined ? undefined : cookieValue(handshake.cookie, cookieName))
  );
}

function bearerToken(header: string): string | undefined {
  return header === "" ? undefined : /^bearer +(\S+)$/i.exec(header)?.[1];
}

function subprotocolToken(header: string): string | undefined {
  if (!header.includes(TOKEN_SUBPROTOCOL_PREFIX)) {
    return undefined;
  }
  for (const item of header.split(",")) {
    const trimmed = item.trim();
    if (trimmed.startsWith(TOKEN_SUBPROTOCOL_PREFIX)) {
      return trimmed.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
    }
  }
  return undefined;
}

function cookieValue(header: string, name: string): string | undefined {
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals).trim() === name) {
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
    }
  }
  return undefined;
}
