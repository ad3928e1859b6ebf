import { CatchUp } from "./catch-up.js";
import { whyRefused } from "./gateway-http.js";
import { nextNode, reconnectWait } from "./reconnect-policy.js";

/** A stream that lasted this long was a good one: the next loss starts again with the shortest wait. */
const STABLE_AFTER = 5_000;
/** How long a stream may take to open before the node counts as unreachable. */
const CONNECT_TIMEOUT = 10_000;

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
 * @property {import("./token.js").TokenSource} [tokens] absent: anonymous
 * @property {readonly string[]} [events] event names to listen to; messages without one come in any case
 * @property {number} [longestSilence] ms without a message after which the link counts as dead. EventSource hides the
 *   node's heartbeats, so this is only for channels on which something comes all the time
 * @property {(state: State) => void} onState
 * @property {(message: Record<string, unknown>) => void} onMessage
 * @property {(count: number) => void} [onResumed] it came back, and so many messages were caught up
 * @property {(reason: string) => void} [onReset] it came back, but something in between is lost: load the state anew
 */

/**
 * A channel over an EventSource. Resuming takes two ways: after a lost link the browser comes back by itself and sends the
 * last `id` as `Last-Event-ID`. Where it would go on knocking at a dead node for ever, a new EventSource takes over on another
 * node, with the same cursor in the address.
 */
export class SseFeed {
  /** @type {Options} */
  #options;
  /** @type {State} */
  #state = { kind: "idle" };
  #node = 0;
  #failures = 0;
  #openedAt = 0;
  /** Grows with every attempt, so that what a given-up attempt still had under way comes to nothing. */
  #attempt = 0;
  /** @type {EventSource | undefined} */
  #source;
  #cursor = "";
  /** Whether the next opening comes after a loss. */
  #resuming = false;
  #catchUp;
  /** @type {number | undefined} */
  #timer;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#catchUp = new CatchUp((count) => options.onResumed?.(count));
  }

  /** Where a client would go on from; empty before the first message, and always on a live channel. */
  get cursor() {
    return this.#cursor;
  }

  /**
   * Connects to a node, leaving the present one, and goes on where it stood.
   *
   * @param {number} node
   * @param {string} [cursor] begins here instead
   */
  open(node, cursor) {
    if (cursor !== undefined) {
      this.#cursor = cursor;
      this.#resuming = false;
    }
    this.#node = node;
    this.#failures = 0;
    void this.#connect();
  }

  /**
   * Stays away for a while and comes back on another node.
   *
   * @param {number} node
   * @param {number} milliseconds
   */
  moveTo(node, milliseconds) {
    this.#abandon();
    this.#node = node;
    this.#wait("away for a moment", milliseconds);
  }

  /** Tries at once instead of waiting for the next attempt. Does nothing unless it is waiting. */
  retryNow() {
    if (this.#state.kind === "waiting") {
      void this.#connect();
    }
  }

  /** Keeps the cursor: `open` goes on from it. */
  close() {
    this.#abandon();
    this.#enter({ kind: "idle" });
  }

  async #connect() {
    this.#abandon();
    const attempt = this.#attempt;
    const { channel, tokens, nodes } = this.#options;
    const node = nodes[this.#node];
    this.#enter({ kind: "connecting", node: node.name });

    let token;
    try {
      token = await tokens?.get();
    } catch (error) {
      if (attempt === this.#attempt) {
        this.#wait(`no token: ${error.message}`);
      }
      return;
    }
    if (attempt !== this.#attempt) {
      return;
    }

    // EventSource can set no header: token and cursor go into the address.
    const address = new URL("/v1/sse", node.url);
    address.search = new URLSearchParams({
      channels: channel,
      format: "json",
      ...(token !== undefined && { access_token: token }),
      ...(this.#cursor !== "" && { last_event_id: this.#cursor }),
    });
    const source = new EventSource(address);
    this.#source = source;
    this.#after(CONNECT_TIMEOUT, () => this.#lost(`${node.name} does not answer`));
    source.onopen = () => this.#opened(node);
    source.onmessage = (event) => this.#receive(event);
    source.onerror = () => void this.#failed(source, token);
    for (const name of this.#options.events ?? []) {
      source.addEventListener(name, (event) => this.#receive(event));
    }
    source.addEventListener("tidegate.reset", (event) => {
      this.#cursor = event.lastEventId;
      this.#catchUp.cancel();
      this.#options.onReset?.(JSON.parse(event.data).reason);
    });
    source.addEventListener("tidegate.end", (event) => this.#ended(JSON.parse(event.data), token));
  }

  #opened(node) {
    this.#openedAt = Date.now();
    this.#enter({ kind: "connected", node: node.name, index: this.#node });
    this.#watch();
    if (this.#resuming) {
      this.#catchUp.begin();
    }
    this.#resuming = false;
  }

  #receive(event) {
    this.#watch();
    this.#cursor = event.lastEventId;
    this.#catchUp.add();
    this.#options.onMessage(JSON.parse(event.data));
  }

  /** The node says why it ends the stream; without us the browser would come back with the same address. */
  #ended({ code, message }, token) {
    if (code === "forbidden") {
      this.#abandon();
      this.#enter({ kind: "closed", reason: message });
      return;
    }
    if (code === "token_expired") {
      this.#options.tokens?.discard(token);
    }
    this.#lost(message, code === "draining");
  }

  async #failed(source, token) {
    const established = this.#state.kind === "connected";
    if (source.readyState === EventSource.CONNECTING && established && this.#wasStable()) {
      const { node } = this.#state;
      this.#failures = 0;
      this.#resuming = true;
      this.#enter({ kind: "connecting", node });
      this.#after(CONNECT_TIMEOUT, () => this.#lost(`${node} does not answer`));
    } else if (source.readyState === EventSource.CONNECTING) {
      this.#lost(established ? "the node ended the stream" : "the node is out of reach");
    } else {
      const attempt = this.#attempt;
      const { reason, code, final } = await whyRefused(source.url);
      if (attempt !== this.#attempt) {
        return;
      }
      if (code.startsWith("token_")) {
        this.#options.tokens?.discard(token);
      }
      if (final) {
        this.#abandon();
        this.#enter({ kind: "closed", reason });
      } else {
        this.#lost(reason);
      }
    }
  }

  #wasStable() {
    return Date.now() - this.#openedAt >= STABLE_AFTER;
  }

  #lost(reason, draining = false) {
    const established = this.#state.kind === "connected" && this.#wasStable();
    if (established) {
      this.#failures = 0;
    }
    this.#abandon();
    this.#node = nextNode(this.#node, this.#options.nodes.length, { established, draining });
    this.#wait(reason);
  }

  #wait(reason, milliseconds = reconnectWait(this.#failures, Math.random())) {
    this.#failures += 1;
    this.#resuming = true;
    this.#after(milliseconds, () => this.retryNow());
    this.#enter({ kind: "waiting", until: Date.now() + milliseconds, reason });
  }

  #watch() {
    const { longestSilence } = this.#options;
    clearTimeout(this.#timer);
    if (longestSilence !== undefined) {
      this.#after(longestSilence, () => this.#lost("the link went silent"));
    }
  }

  /** Lets go of the stream and of everything that belonged to it. */
  #abandon() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#catchUp.cancel();
    this.#resuming ||= this.#state.kind === "connected";
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined) {
      source.onopen = null;
      source.onmessage = null;
      source.onerror = null;
      source.close();
    }
  }

  /** There is one thing to wait for at any time: the stream to open, to show life, or to be tried again. */
  #after(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #enter(state) {
    this.#state = state;
    this.#options.onState(state);
  }
}
