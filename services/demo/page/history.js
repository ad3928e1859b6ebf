import { askNode } from "./gateway-http.js";
import { reconnectWait } from "./reconnect-policy.js";

/**
 * The newest messages of a replayable channel, and the cursor behind them: a client that goes on from there gets
 * everything after them, once. Goes round the nodes until one answers.
 *
 * @param {object} options
 * @param {readonly { name: string, url: string }[]} options.nodes
 * @param {number} options.node the one to ask first
 * @param {string} options.channel
 * @param {number} options.limit
 * @param {import("./token.js").TokenSource} options.tokens
 * @param {AbortSignal} options.signal
 * @returns {Promise<{ messages: readonly Record<string, unknown>[], newer: string } | undefined>} `undefined` if the
 *   signal aborted
 * @throws {Error} if asking again is useless
 */
export async function newestMessages({ nodes, node, channel, limit, tokens, signal }) {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const { url } = nodes[(node + attempt) % nodes.length];
    const token = await tokens.get().catch(() => undefined);
    if (token !== undefined) {
      const page = `${url}/v1/history/${encodeURIComponent(channel)}?limit=${limit}`;
      const answer = await askNode(page, { token, signal });
      if (signal.aborted) {
        return undefined;
      }
      if (answer.ok) {
        return answer.body;
      }
      if (answer.final) {
        throw new Error(answer.reason);
      }
      if (answer.code.startsWith("token_")) {
        tokens.discard(token);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, reconnectWait(attempt, Math.random())));
  }
  return undefined;
}
