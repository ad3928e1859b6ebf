import ipaddr from "ipaddr.js";
import { WebhooksError } from "../webhooks-error.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Ranges that ipaddr.js takes for public and that are not. */
const GAPS: readonly Network[] = [
  // IPv4-compatible addresses: `::7f00:1` reaches 127.0.0.1 on some systems.
  "::/96",
  // IPv4-translated addresses (RFC 2765).
  "::ffff:0:0:0/96",
  // Site-local addresses: given up by RFC 3879, still private where they are in use.
  "fec0::/10",
  // The platform endpoint of Azure: metadata, DNS and health probes of the machine itself.
  "168.63.129.16/32",
].map((network) => ipaddr.parseCIDR(network));

/**
 * Which addresses a delivery may connect to: public unicast ones, and the networks that the operator allows. Never
 * throws for an address; what cannot be read is refused.
 */
export class AddressPolicy {
  readonly #allowed: readonly Network[];

  /**
   * @param allowedNetworks CIDR networks whose addresses are allowed although they are not public.
   * @throws WebhooksError `invalid` for a network that is none.
   */
  constructor(allowedNetworks: readonly string[]) {
    this.#allowed = allowedNetworks.map(readNetwork);
  }

  allows(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    // An IPv4 address inside an IPv6 one is what is reached in the end.
    const address = ipaddr.process(text);
    if (this.#allowed.some((network) => within(address, network))) return true;
    return address.range() === "unicast" && !GAPS.some((network) => within(address, network));
  }
}

function readNetwork(text: string): Network {
  if (!ipaddr.isValidCIDR(text)) {
    throw new WebhooksError("invalid", `${JSON.stringify(text)} is not a network such as 10.0.0.0/8`);
  }
  const [address, bits] = ipaddr.parseCIDR(text);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
    return [address.toIPv4Address(), bits - 96];
  }
  return [address, bits];
}

function within(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
