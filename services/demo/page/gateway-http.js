/**
 * What came of an HTTP request to a gateway node.
 *
 * @typedef {{ ok: true, body: Record<string, unknown> }} Answer
 * @typedef {object} Failure
 * @property {false} ok
 * @property {string} code the node's error code, or `unreachable`
 * @property {string} reason for a person
 * @property {boolean} final whether the same request can only fail again
 * @property {number | undefined} retryAfter ms that the node asks to wait
 */

/** Past the time that a request may take by itself, in ms: then the node counts as unreachable. */
const PATIENCE = 10_000;

/** @type {Failure} */
const UNREACHABLE = {
  ok: false,
  code: "unreachable",
  reason: "the node is out of reach",
  final: false,
  retryAfter: undefined,
};

/**
 * Asks a node and never throws: what a client does next hangs on the kind of failure, not on where it happened.
 *
 * @param {string} url
 * @param {object} options
 * @param {string} [options.token] goes into a header, which costs a page of another origin a preflight. In an
 *   address it would cost nothing, but addresses end up in the logs of proxies
 * @param {unknown} [options.body] makes it a POST
 * @param {AbortSignal} [options.signal]
 * @param {number} [options.timeout] how long the node may take by itself, in ms
 * @returns {Promise<Answer | Failure>}
 */
export async function askNode(url, { token, body, signal, timeout = 0 }) {
  const deadline = AbortSignal.timeout(timeout + PATIENCE);
  try {
    const response = await fetch(url, {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    return response.ok ? { ok: true, body: await response.json() } : await readFailure(response);
  } catch {
    return UNREACHABLE;
  }
}

/**
 * Why an EventSource was refused, which it does not tell: asks the same address once more, without listening.
 *
 * @param {string} url
 * @returns {Promise<Failure>}
 */
export async function whyRefused(url) {
  const stop = new AbortController();
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE)]),
    });
    return response.ok ? UNREACHABLE : await readFailure(response);
  } catch {
    return UNREACHABLE;
  } finally {
    stop.abort();
  }
}

/** Errors are `application/problem+json`, except those of a proxy in between. */
async function readFailure(response) {
  const problem = await response.json().catch(() => ({}));
  const { code = `http_${response.status}`, detail = `the node answered ${response.status}` } = problem;
  // A refused token is replaced by another. Any other 4xx means that the request is wrong, unless it says not.
  const wrong = response.status >= 400 && response.status < 500 && ![401, 408, 429].includes(response.status);
  return {
    ok: false,
    code,
    reason: detail,
    final: wrong && problem.retryable !== true,
    retryAfter: readRetryAfter(response.headers.get("retry-after"), Date.now()),
  };
}

/**
 * The header `Retry-After`, seconds or a date, as ms from now.
 *
 * @param {string | null} value
 * @param {number} now
 */
export function readRetryAfter(value, now) {
  if (value === null) {
    return undefined;
  }
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
