import type { CloseName } from "@tidegate/protocol";

export interface CountLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Counts the connections of this node, in all and by address, and refuses those above the limits. */
export class ConnectionCount {
  readonly #limits: CountLimits;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: CountLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Addresses that have a connection here. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  /** Counts a newcomer in, or says with which code to turn it away. Each `undefined` needs one {@link leave}. */
  enter(address: string): Extract<CloseName, "node_full" | "address_limit"> | undefined {
    if (this.#total >= this.#limits.connections) {
      return "node_full";
    }
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#limits.connectionsPerAddress) {
      return "address_limit";
    }
    this.#byAddress.set(address, count + 1);
    this.#total += 1;
    return undefined;
  }

  leave(address: string): void {
    const count = this.#byAddress.get(address);
    if (count === undefined) {
      return;
    }
    this.#total -= 1;
    if (count === 1) {
      this.#byAddress.delete(address);
    } else {
      this.#byAddress.set(address, count - 1);
    }
  }
}
