import { askNode } from "./gateway-http.js";
import { nextNode, reconnectWait } from "./reconnect-policy.js";

/** Most messages of one answer. One that holds so many may have been cut: the rest is asked for at once. */
const LIMIT = 100;
/** Least time between two requests that bring nothing, in ms, should a node not hold a long poll as it was asked to. */
const LEAST_PERIOD = 1_000;

/**
 * @typedef {{ kind: "idle" }
 *   | { kind: "connecting", node: string }
 *   | { kind: "connected", node: string, index: number }
 *   | { kind: "waiting", until: number, reason: string }
 *   | { kind: "closed", reason: string }} State
 *
 * @typedef {object} Options
 * @property {readonly { name: string, url: string }[]} nodes
 * @property {string} channel
 * @property {import("./token.js").TokenSource} tokens
 * @property {number} timeout how long a node may hold a request until there is something to answer, in ms. Long polling:
 *   25 s or so, below the patience of proxies. Short polling: 0
 * @property {number} interval pause after an answer, in ms. Long polling: 0
 * @property {(state: State) => void} onState
 * @property {(message: Record<string, unknown>) => void} onMessage
 * @property {() => void} [onRequest] a request goes out
 * @property {(count: number) => void} [onResumed] it came back, and so many messages were caught up
 * @property {(reason: string) => void} [onReset] it came back, but something in between is lost: load the state anew
 */

/**
 * A channel by polling, long or short: the two differ in two numbers. Each answer says in `cursor` what to ask with next,
 * and any node can answer, so a lost answer, a lost node and a pause of an hour are the same thing: ask again.
 */
export class PollFeed {
  /** @type {Options} */
  #options;
  /** @type {State} */
  #state = { kind: "idle" };
  #node = 0;
  #failures = 0;
  #cursor = "";
  #resuming = false;
  /** Of the running loop; a new one begins by ending it. */
  #stop = new AbortController();
  /** Cuts the present pause short. */
  #wake = () => {};

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** What the next request asks with; empty before the first answer. */
  get cursor() {
    return this.#cursor;
  }

  /**
   * Asks this node from now on, and goes on where it stood.
   *
   * @param {number} node
   * @param {string} [cursor] begins here instead
   */
  open(node, cursor) {
    this.#resuming = cursor === undefined && this.#cursor !== "";
    if (cursor !== undefined) {
      this.#cursor = cursor;
    }
    this.#stop.abort();
    this.#node = node;
    this.#failures = 0;
    // Whatever it was before: this node has not answered yet.
    this.#enter({ kind: "connecting", node: this.#options.nodes[node].name });
    this.#begin();
  }

  /**
   * Stays away for a while and goes on at another node.
   *
   * @param {number} node
   * @param {number} milliseconds
   */
  moveTo(node, milliseconds) {
    this.#stop.abort();
    this.#node = node;
    this.#resuming = this.#cursor !== "";
    this.#begin((signal) => this.#wait("away for a moment", milliseconds, signal));
  }

  /** Asks at once instead of after the pause. */
  retryNow() {
    this.#wake();
  }

  /** Keeps the cursor: `open` goes on from it. */
  close() {
    this.#stop.abort();
    this.#enter({ kind: "idle" });
  }

  #begin(pause = () => Promise.resolve()) {
    const stop = new AbortController();
    this.#stop = stop;
    void pause(stop.signal).then(() => this.#run(stop.signal));
  }

  async #run(signal) {
    while (!signal.aborted && this.#state.kind !== "closed") {
      const node = this.#options.nodes[this.#node];
      if (this.#state.kind !== "connected") {
        this.#enter({ kind: "connecting", node: node.name });
      }
      const token = await this.#token(signal);
      if (token !== undefined && !signal.aborted) {
        await this.#ask(node, token, signal);
      }
    }
  }

  async #token(signal) {
    try {
      return await this.#options.tokens.get();
    } catch (error) {
      if (!signal.aborted) {
        await this.#retryLater({ reason: `no token: ${error.message}` }, signal);
      }
      return undefined;
    }
  }

  /** One request, and the pause after it. */
  async #ask(node, token, signal) {
    const { channel, interval, onRequest } = this.#options;
    // Whoever has just come does not want to be held: it wants what it missed, and to know that the node is there.
    const timeout = this.#state.kind === "connected" ? this.#options.timeout : 0;
    const address = new URL("/v1/poll", node.url);
    address.search = new URLSearchParams({
      channels: channel,
      timeout: String(timeout),
      limit: String(LIMIT),
      ...(this.#cursor !== "" && { cursor: this.#cursor }),
    });
    const asked = Date.now();
    onRequest?.();
    const answer = await askNode(address.href, { token, signal, timeout });
    if (signal.aborted) {
      return;
    }
    if (!answer.ok) {
      await this.#handle(answer, token, signal);
      return;
    }
    this.#failures = 0;
    this.#enter({ kind: "connected", node: node.name, index: this.#node });
    const count = this.#take(answer.body);
    if (count < LIMIT) {
      const rest = timeout > 0 && count === 0 ? LEAST_PERIOD - (Date.now() - asked) : 0;
      await this.#pause(Math.max(interval, rest), signal);
    }
  }

  #take({ messages, cursor = "", reset }) {
    const { onReset, onMessage, onResumed } = this.#options;
    const resuming = this.#resuming;
    this.#resuming = false;
    this.#cursor = cursor;
    if (reset !== undefined) {
      onReset?.(reset[0].reason);
    }
    for (const message of messages) {
      onMessage(message);
    }
    if (resuming && reset === undefined) {
      onResumed?.(messages.length);
    }
    return messages.length;
  }

  async #handle(failure, token, signal) {
    const { code, reason, final } = failure;
    if (code === "cursor_invalid") {
      this.#cursor = "";
      this.#options.onReset?.(reason);
    } else if (final) {
      this.#enter({ kind: "closed", reason });
    } else {
      if (code.startsWith("token_")) {
        this.#options.tokens.discard(token);
      }
      await this.#retryLater(failure, signal);
    }
  }

  async #retryLater({ reason, code, retryAfter = 0 }, signal) {
    const established = this.#state.kind === "connected";
    this.#resuming ||= established;
    const draining = code === "draining" || code === "node_full";
    this.#node = nextNode(this.#node, this.#options.nodes.length, { established, draining });
    const wait = reconnectWait(this.#failures, Math.random());
    this.#failures += 1;
    await this.#wait(reason, Math.max(wait, retryAfter), signal);
  }

  #wait(reason, milliseconds, signal) {
    this.#enter({ kind: "waiting", until: Date.now() + milliseconds, reason });
    return this.#pause(milliseconds, signal);
  }

  #pause(milliseconds, signal) {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end);
      this.#wake = end;
    });
  }

  #enter(state) {
    this.#state = state;
    this.#options.onState(state);
  }
}
