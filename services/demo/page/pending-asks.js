/** What a request fails with: the code and words of the node, or `disconnected`. */
export class RequestError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * Something a node was asked and has not answered.
 *
 * @typedef {object} Ask
 * @property {Record<string, unknown>} message without its id
 * @property {(answer: Record<string, unknown>) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {number | undefined} resendUntil Unix time in ms up to which it may be sent again on another connection;
 *   only for what does no harm when it is done twice
 */

/** What a connection has asked by id, and what waits for the next connection to be asked again. */
export class PendingAsks {
  /** @type {Map<number, Ask>} */
  #asked = new Map();
  /** @type {Ask[]} */
  #waiting = [];

  /**
   * @param {number} id
   * @param {Ask} ask
   */
  add(id, ask) {
    this.#asked.set(id, ask);
  }

  /**
   * Takes out what this id was, for its answer.
   *
   * @param {number} id
   * @returns {Ask | undefined}
   */
  settle(id) {
    const ask = this.#asked.get(id);
    this.#asked.delete(id);
    return ask;
  }

  /** The connection is gone, and with it the answers to what was asked on it. */
  lose() {
    for (const ask of this.#asked.values()) {
      if (ask.resendUntil === undefined) {
        reject(ask);
      } else {
        this.#waiting.push(ask);
      }
    }
    this.#asked.clear();
  }

  /**
   * There is a connection again.
   *
   * @param {(message: Record<string, unknown>) => number} send returns the id under which it went
   */
  sendAgain(send) {
    for (const ask of this.#waiting.splice(0)) {
      if (Date.now() < ask.resendUntil) {
        this.#asked.set(send(ask.message), ask);
      } else {
        reject(ask);
      }
    }
  }

  /** There will be no other connection. */
  giveUp() {
    for (const ask of this.#waiting.splice(0)) {
      reject(ask);
    }
  }
}

function reject(ask) {
  ask.reject(new RequestError("disconnected", "the connection was lost before the answer came"));
}
