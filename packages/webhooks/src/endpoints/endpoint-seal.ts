import type { KeyRing } from "../sealing/key-ring.ts";
import { keyIdOf } from "../sealing/key-ring.ts";
import type { Endpoint, EndpointSecret, Sealing } from "./endpoint.ts";

/** An endpoint as its bucket holds it: what may be a credential is in `sealed`, and of static headers only the names are outside. */
interface EndpointRecord extends Omit<Endpoint, "locked"> {
  readonly sealed?: string | undefined;
}

interface Sealed {
  readonly secrets: readonly EndpointSecret[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns endpoints into what is stored and back, with the secrets encrypted in between. Without keys they are stored as they are. */
export class EndpointSeal {
  readonly #ring: KeyRing | undefined;

  constructor(ring: KeyRing | undefined) {
    this.#ring = ring;
  }

  /** Whether what is in such a state would be stored otherwise now. */
  isOutdated(sealing: Sealing): boolean {
    return this.#ring !== undefined && (sealing === "clear" || sealing === "old");
  }

  /** What is locked stays as it is: nothing that cannot be read is lost by a change of something else. */
  encode(endpoint: Endpoint): { readonly text: string; readonly sealing: Sealing } {
    const { locked, ...rest } = endpoint;
    if (locked !== undefined) {
      return { text: JSON.stringify({ ...rest, sealed: locked.sealed }), sealing: "locked" };
    }
    if (this.#ring === undefined) return { text: JSON.stringify(rest), sealing: "clear" };
    const { id, secrets, headers } = rest;
    const sealed = this.#ring.seal(JSON.stringify({ secrets, headers } satisfies Sealed), placeOf(id));
    const record: EndpointRecord = { ...rest, secrets: [], headers: namesAlone(headers), sealed };
    return { text: JSON.stringify(record), sealing: "current" };
  }

  /** @param id the key it is stored under, which is what it was sealed for. */
  decode(id: string, record: EndpointRecord): { readonly endpoint: Endpoint; readonly sealing: Sealing } {
    const { sealed, ...endpoint } = record;
    if (sealed === undefined) return { endpoint, sealing: "clear" };
    const opened = this.#ring?.open(sealed, placeOf(id));
    if (opened?.ok === true) {
      // Only this class seals, so what opens is what it sealed.
      const { secrets, headers } = JSON.parse(opened.text) as Sealed;
      return { endpoint: { ...endpoint, secrets, headers }, sealing: opened.isCurrent ? "current" : "old" };
    }
    const locked = opened ?? { reason: "key_missing" as const, keyId: keyIdOf(sealed) };
    const { reason, keyId } = locked;
    return { endpoint: { ...endpoint, locked: { sealed, reason, keyId } }, sealing: "locked" };
  }
}

function placeOf(id: string): string {
  return `endpoint:${id}:secrets`;
}

function namesAlone(headers: Endpoint["headers"]): Endpoint["headers"] {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, ""]));
}
