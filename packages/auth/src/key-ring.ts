import type { Algorithm } from "./algorithms.ts";
import type { VerificationKey } from "./signature.ts";

export interface RingKey {
  readonly kid: string | undefined;
  readonly verification: VerificationKey;
}

interface AlgorithmKeys {
  readonly all: VerificationKey[];
  readonly unnamed: VerificationKey[];
  readonly byKid: Map<string, VerificationKey[]>;
}

const NO_KEYS: readonly VerificationKey[] = [];

/**
 * Imported keys by algorithm and `kid`. Immutable. A key is only ever found under its own algorithm, which is
 * what makes a public key useless as an HMAC secret.
 */
export class KeyRing {
  readonly size: number;
  readonly #byAlgorithm = new Map<Algorithm, AlgorithmKeys>();

  constructor(keys: readonly RingKey[]) {
    this.size = keys.length;
    for (const { kid, verification } of keys) {
      const group = this.#group(verification.algorithm);
      group.all.push(verification);
      if (kid === undefined) {
        group.unnamed.push(verification);
      } else {
        const named = group.byKid.get(kid);
        if (named === undefined) {
          group.byKid.set(kid, [verification]);
        } else {
          named.push(verification);
        }
      }
    }
  }

  /**
   * The keys to try for a token, in the order they were configured. A token that names a key gets the keys of
   * that name, or if there are none the keys without a name; a token that names none gets all of its algorithm.
   */
  candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    const group = this.#byAlgorithm.get(algorithm);
    if (group === undefined) {
      return NO_KEYS;
    }
    return kid === undefined ? group.all : (group.byKid.get(kid) ?? group.unnamed);
  }

  /** Whether the ring has a key of exactly that name, so that a newer ring would not know a better one. */
  names(algorithm: Algorithm, kid: string | undefined): boolean {
    return kid !== undefined && this.#byAlgorithm.get(algorithm)?.byKid.has(kid) === true;
  }

  has(algorithm: Algorithm): boolean {
    return this.#byAlgorithm.has(algorithm);
  }

  #group(algorithm: Algorithm): AlgorithmKeys {
    let group = this.#byAlgorithm.get(algorithm);
    if (group === undefined) {
      group = { all: [], unnamed: [], byKid: new Map() };
      this.#byAlgorithm.set(algorithm, group);
    }
    return group;
  }
}
