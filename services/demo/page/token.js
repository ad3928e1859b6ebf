/** The share of a token's life after which a new one is brought. */
export const REFRESH_AT = 0.8;

/**
 * A token for a visitor of this name, from the demo backend.
 *
 * @param {string} name
 * @returns {Promise<{ token: string, expiresIn: number }>} `expiresIn` is in seconds
 * @throws {Error} with `final: true` if asking again for this name is useless
 */
export async function fetchToken(name) {
  const response = await fetch("/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) {
    const { message } = await response.json();
    throw Object.assign(new Error(message), { final: response.status === 400 });
  }
  return response.json();
}

/** One token for several clients, brought when it is first asked for and kept for most of its life. */
export class TokenSource {
  #name;
  #token = "";
  #keepUntil = 0;
  /** @type {Promise<string> | undefined} */
  #asking;

  /** @param {string} name */
  constructor(name) {
    this.#name = name;
  }

  /** @returns {Promise<string>} */
  get() {
    if (Date.now() < this.#keepUntil) {
      return Promise.resolve(this.#token);
    }
    this.#asking ??= this.#bring().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /**
   * For a token that a node refused: the next `get` brings another.
   *
   * @param {string} token does nothing if another one took its place meanwhile
   */
  discard(token) {
    if (token === this.#token) {
      this.#keepUntil = 0;
    }
  }

  async #bring() {
    const { token, expiresIn } = await fetchToken(this.#name);
    this.#token = token;
    this.#keepUntil = Date.now() + expiresIn * 1000 * REFRESH_AT;
    return token;
  }
}
