/** Addresses in turn, so that what was said on one node has to hold on the next. */
export class Nodes {
  readonly #addresses: readonly URL[];
  #turn = 0;

  /** @param addresses at least one; the suite asks below `/v1/`. */
  constructor(addresses: readonly URL[]) {
    this.#addresses = addresses;
  }

  next(): URL {
    const address = this.#addresses[this.#turn % this.#addresses.length];
    if (address === undefined) {
      throw new TypeError("a deployment has at least one address");
    }
    this.#turn += 1;
    return address;
  }
}

/** A deployment to run the suite against, and what it may be told about it. */
export interface Target {
  /** Nodes, or a balancer. Each connection and each request goes to the next one. */
  readonly nodes: Nodes;
  /** Grants `subscribe`, `publish` and `history` below the prefixes, and `request` of `method`. */
  readonly token: string;
  /** Of channels in a namespace with history and `publish: direct`; the suite adds tokens. */
  readonly prefix: string;
  /** The same in another namespace. */
  readonly secondPrefix: string | undefined;
  /** Of channels in a namespace without history. */
  readonly livePrefix: string | undefined;
  /** A method whose backend replies with what it was sent. */
  readonly echoMethod: string | undefined;
  /** A token that was good once. */
  readonly expiredToken: string | undefined;
  /** Of the namespace of `prefix`, if it is small enough to be exceeded. */
  readonly messagesPerChannel: number | undefined;
}

/** A channel of a namespace that no operator configures. */
export const CLOSED_CHANNEL = "conformance-closed.nobody";
