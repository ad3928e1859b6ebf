/** A gateway as the page sees it. */
export interface GatewayNode {
  /** What the visitor chooses from. */
  readonly name: string;
  /** `http://host:port` or `https://…`; what every transport's address begins with. */
  readonly url: string;
}

/**
 * The nodes behind the addresses of gateways (`http://host:port` or `https://…`), named n1, n2 and so on.
 *
 * @throws TypeError for an address of another kind.
 */
export function gatewayNodes(addresses: readonly string[]): readonly GatewayNode[] {
  return addresses.map((address, index) => {
    const url = URL.parse(address);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
      throw new TypeError(`${JSON.stringify(address)} is not the http:// or https:// address of a gateway`);
    }
    return { name: `n${index + 1}`, url: url.origin };
  });
}
