import { type CompiledGrants, compileGrants, GrantSet } from "@tidegate/protocol";

/** Distinct grants kept. Issuers that use `{sub}` need a handful; those that spell out names cycle through. */
const MAX_ENTRIES = 1_000;
/** Longest grants text kept, so that the cache stays under 4 MB whatever tokens hold. */
const MAX_KEY_LENGTH = 2_048;

const NO_GRANTS: CompiledGrants = { ok: true, grants: GrantSet.none };

/**
 * Compiled grants by their JSON text, least recently used out first. Tokens of the same issuer mostly carry the
 * same patterns, so thousands of connections share one `GrantSet` and compiling is paid once.
 */
export class GrantsCache {
  readonly #entries = new Map<string, CompiledGrants>();
  /** The last entry: where all tokens grant the same, the map is left alone. */
  #newest: { readonly text: string; readonly compiled: CompiledGrants } = { text: "", compiled: NO_GRANTS };

  get size(): number {
    return this.#entries.size;
  }

  /** `value` is a parsed claim. Without one nothing is granted; a malformed one fails and is not kept. */
  compile(value: unknown): CompiledGrants {
    if (value === undefined) {
      return NO_GRANTS;
    }
    const text = JSON.stringify(value);
    if (text === this.#newest.text) {
      return this.#newest.compiled;
    }
    const known = this.#entries.get(text);
    if (known !== undefined) {
      // A Map keeps insertion order: the first entry is the one unused for longest.
      this.#entries.delete(text);
      this.#entries.set(text, known);
      this.#newest = { text, compiled: known };
      return known;
    }
    const compiled = compileGrants(value);
    if (compiled.ok && text.length <= MAX_KEY_LENGTH) {
      this.#keep(text, compiled);
    }
    return compiled;
  }

  #keep(text: string, compiled: CompiledGrants): void {
    if (this.#entries.size >= MAX_ENTRIES) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(text, compiled);
    this.#newest = { text, compiled };
  }
}
