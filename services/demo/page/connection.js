import { nextNode, reconnectWait, shouldReconnect } from "./reconnect-policy.js";

const SUBPROTOCOL = "tidegate.v1";

/** A connection that lasted this long was a good one: the next loss starts again with the shortest wait. */
const STABLE_AFTER = 5_000;
/** The share of a token's life after which a new one is brought. */
const REFRESH_AT = 0.8;
const REFRESH_RETRY = 10_000;
/** How long a handshake may take before the node counts as unreachable. */
const CONNECT_TIMEOUT = 10_000;
/** What browsers report for a connection that ended without a close frame. */
const ABNORMAL = 1006;

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
 * What the page shows of the connection.
 *
 * @typedef {{ kind: "idle" }
 *   | { kind: "connecting", node: string }
 *   | { kind: "connected", node: string, index: number, connection: string }
 *   | { kind: "waiting", until: number, reason: string }
 *   | { kind: "closed", reason: string }} State
 *
 * @typedef {object} Options
 * @property {readonly { name: string, url: string }[]} nodes
 * @property {readonly string[]} channels subscribed to on every connect
 * @property {() => Promise<{ token: string, expiresIn: number }>} fetchToken `expiresIn` is in seconds; an error
 *   with `final: true` means that asking again is useless
 * @property {(state: State) => void} onState
 * @property {(message: Record<string, unknown>) => void} onMessage
 * @property {(text: string) => void} onNotice something worth a quiet line
 */

/**
 * The whole client side of the protocol that a chat needs, over a plain `new WebSocket`: connect, subscribe,
 * publish, request, refresh the token, notice a dead link, come back. Published messages and subscriptions are
 * live: what is said while this client is away is not repeated to it.
 */
export class Connection {
  /** @type {Options} */
  #options;
  /** @type {State} */
  #state = { kind: "idle" };
  #node = 0;
  #failures = 0;
  /** Grows with every attempt, so that what a given-up attempt still had under way comes to nothing. */
  #attempt = 0;
  /** @type {WebSocket | undefined} */
  #socket;
  #connectedAt = 0;
  #lastFrameAt = 0;
  /** @type {number | undefined} */
  #drainWait;
  #nextId = 1;
  /** @type {Map<number, { resolve: (answer: Record<string, unknown>) => void, reject: (error: Error) => void }>} */
  #pending = new Map();
  /** @type {Set<number>} */
  #timers = new Set();

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Connects to a node, leaving the present one.
   *
   * @param {number} node
   */
  open(node) {
    this.#node = node;
    this.#failures = 0;
    void this.#connect();
  }

  /** Tries at once instead of waiting for the next attempt. Does nothing unless it is waiting. */
  retryNow() {
    if (this.#state.kind === "waiting") {
      void this.#connect();
    }
  }

  close() {
    this.#abandon();
    this.#enter({ kind: "idle" });
  }

  /**
   * Resolves once the node has handed the message to NATS.
   *
   * @param {string} channel
   * @param {string} event
   * @param {unknown} data
   */
  async publish(channel, event, data) {
    await this.#ask({ type: "publish", channel, event, data });
  }

  /**
   * @param {string} method
   * @param {unknown} data
   * @returns {Promise<unknown>} what the backend replied
   */
  async request(method, data) {
    return (await this.#ask({ type: "request", method, data }))["data"];
  }

  async #connect() {
    this.#abandon();
    const attempt = this.#attempt;
    const node = this.#options.nodes[this.#node];
    this.#enter({ kind: "connecting", node: node.name });

    let credentials;
    try {
      credentials = await this.#options.fetchToken();
    } catch (error) {
      if (attempt === this.#attempt) {
        error.final === true
          ? this.#enter({ kind: "closed", reason: error.message })
          : this.#wait(`no token: ${error.message}`);
      }
      return;
    }
    if (attempt !== this.#attempt) {
      return;
    }

    const socket = new WebSocket(node.url, SUBPROTOCOL);
    this.#socket = socket;
    this.#after(CONNECT_TIMEOUT, () => {
      if (this.#state.kind === "connecting") {
        this.#lost(ABNORMAL, `${node.name} does not answer`);
      }
    });
    socket.onopen = () => {
      const channels = this.#options.channels;
      // The ids of a connection start at 1 and only grow; `connect` takes the first.
      this.#nextId = 2;
      socket.send(JSON.stringify({ type: "connect", id: 1, token: credentials.token, channels }));
    };
    socket.onmessage = (event) => {
      this.#lastFrameAt = Date.now();
      this.#receive(JSON.parse(event.data), credentials.expiresIn);
    };
    socket.onclose = (event) => this.#lost(event.code, event.reason || `${node.name} is out of reach`);
  }

  #receive(message, expiresIn) {
    switch (message.type) {
      case "connected":
        this.#connectedAt = Date.now();
        this.#watch(message.pingInterval);
        this.#refreshLater(expiresIn * 1000 * REFRESH_AT);
        this.#enter({
          kind: "connected",
          node: message.node,
          index: this.#node,
          connection: message.connection,
        });
        break;
      case "message":
        this.#options.onMessage(message);
        break;
      case "ok":
      case "reply":
        this.#settle(message.id)?.resolve(message);
        break;
      case "error":
        this.#receiveError(message);
        break;
      case "unsubscribed":
        if (message.code !== undefined) {
          this.#options.onNotice(`${message.channel} ended: ${message.message}`);
        }
        break;
      case "draining":
        this.#drainWait = message.reconnect;
        break;
      default:
      // `subscribed` and `ping` need no answer, and a later revision may send more than this page knows.
    }
  }

  #receiveError(message) {
    if (message.id !== undefined) {
      this.#settle(message.id)?.reject(new RequestError(message.code, message.message));
    } else if (message.code === "messages_missed") {
      const where = message.channel === undefined ? "" : ` on ${message.channel}`;
      this.#options.onNotice(`Some messages${where} may have been missed.`);
    } else {
      this.#options.onNotice(message.message);
    }
  }

  #ask(message) {
    if (this.#state.kind !== "connected" || this.#socket === undefined) {
      return Promise.reject(new RequestError("disconnected", "not connected"));
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#socket.send(JSON.stringify({ ...message, id }));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #settle(id) {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    return waiting;
  }

  /** Twice the node's ping interval without a frame: the link is dead, though no close will ever say so. */
  #watch(pingInterval) {
    const check = () => {
      if (Date.now() - this.#lastFrameAt > 2 * pingInterval) {
        this.#lost(ABNORMAL, "the link went silent");
      } else {
        this.#after(pingInterval / 2, check);
      }
    };
    this.#after(pingInterval / 2, check);
  }

  #refreshLater(wait) {
    this.#after(wait, async () => {
      const attempt = this.#attempt;
      let next = REFRESH_RETRY;
      try {
        const { token, expiresIn } = await this.#options.fetchToken();
        if (attempt !== this.#attempt) {
          return;
        }
        await this.#ask({ type: "refresh", token });
        next = expiresIn * 1000 * REFRESH_AT;
      } catch {
        // The old token is still in force. If no retry gets through, the node closes with `token_expired` and
        // the reconnect brings a new one.
      }
      if (attempt === this.#attempt) {
        this.#refreshLater(next);
      }
    });
  }

  #lost(code, reason) {
    const established = this.#state.kind === "connected";
    const drainWait = this.#drainWait;
    if (established && Date.now() - this.#connectedAt >= STABLE_AFTER) {
      this.#failures = 0;
    }
    this.#abandon();
    if (!shouldReconnect(code)) {
      this.#enter({ kind: "closed", reason });
      return;
    }
    const draining = drainWait !== undefined;
    this.#node = nextNode(this.#node, this.#options.nodes.length, { established, draining });
    this.#wait(reason, drainWait);
  }

  #wait(reason, milliseconds = reconnectWait(this.#failures, Math.random())) {
    this.#failures += 1;
    this.#after(milliseconds, () => this.retryNow());
    this.#enter({ kind: "waiting", until: Date.now() + milliseconds, reason });
  }

  /** Lets go of the socket and of everything that belonged to it. */
  #abandon() {
    this.#attempt += 1;
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#timers.clear();
    this.#drainWait = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(1000);
    }
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) {
      reject(new RequestError("disconnected", "the connection was lost before the answer came"));
    }
  }

  #after(milliseconds, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #enter(state) {
    this.#state = state;
    this.#options.onState(state);
  }
}
