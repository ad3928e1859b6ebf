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
    this.#allowed = new Set(allow.map((origin) => origin.toLowerCase()));
    this.#any = this.#allowed.has("*");
    this.#sameOrigin = this.#allowed.has("same-origin");
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
    return this.#sameOrigin && lower.slice(lower.indexOf("://") + 3) === host.toLowerCase() && host !== "";
  }
}
