const ANY = "*";
const SAME = "same-origin";
/** As browsers write it: scheme, host and a port that is not the default; no path, not even a slash. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@\s]+)$/i;

/**
 * What may stand on the list; anything else would never match. `null` is no origin here: every page can have it, by a
 * sandboxed frame, so it would be a `*` that counts for cookies.
 */
export const ORIGIN_ENTRY: RegExp = new RegExp(`^(?:\\*|${SAME})$|${ORIGIN.source}`, "i");

/**
 * Which pages may open connections. Programs that are not browsers send no Origin and are not judged by it.
 *
 * The list holds origins (`https://app.example.com`), `same-origin` (the page was served from the host it
 * connects to) or `*` for all.
 */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #any: boolean;
  readonly #sameOrigin: boolean;

  constructor(allow: readonly string[]) {
    this.#any = allow.includes(ANY);
    this.#sameOrigin = allow.includes(SAME);
    this.#allowed = new Set(
      allow.filter((entry) => entry !== ANY && entry !== SAME).map((origin) => origin.toLowerCase()),
    );
  }

  allows(origin: string, host: string): boolean {
    return origin === "" || this.#any || this.#lists(origin, host);
  }

  /**
   * Whether a cookie of this request may count as a credential: only with an origin that is listed, never by
   * `*`, and never without an Origin, since then nothing shows who sent it.
   */
  allowsCookies(origin: string, host: string): boolean {
    return origin !== "" && this.#lists(origin, host);
  }

  #lists(origin: string, host: string): boolean {
    const lower = origin.toLowerCase();
    if (this.#allowed.has(lower)) {
      return true;
    }
    return this.#sameOrigin && ORIGIN.exec(lower)?.[1] === host.toLowerCase();
  }
}
