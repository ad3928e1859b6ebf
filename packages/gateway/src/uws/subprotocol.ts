import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@tidegate/protocol";

/**
 * The subprotocol to answer an upgrade with: `""` for none, `undefined` if the client offered only what this
 * node does not speak. A token item is never the answer, or the token would be echoed into logs of proxies.
 */
export function chooseSubprotocol(header: string): string | undefined {
  // Nearly always one of the two.
  if (header === "" || header === SUBPROTOCOL) {
    return header;
  }
  return header.split(",").some((item) => item.trim() === SUBPROTOCOL) ? SUBPROTOCOL : undefined;
}

/** For the 400 that a client without a common subprotocol gets. */
export const SUBPROTOCOL_HELP = `offer the subprotocol ${SUBPROTOCOL}, alone or beside ${TOKEN_SUBPROTOCOL_PREFIX}<token>, or none`;
