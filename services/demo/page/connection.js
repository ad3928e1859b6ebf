import { CatchUp } from "./catch-up.js";
import { PendingAsks, RequestError } from "./pending-asks.js";
import { nextNode, reconnectWait, shouldReconnect, toldWait } from "./reconnect-policy.js";
import { REFRESH_AT } from "./token.js";

const SUBPROTOCOL = "tidegate.v1";

/** A connection that lasted this long was a good one: the next loss starts again with the shortest wait. */
const STABLE_AFTER = 5_000;
const REFRESH_RETRY = 10_000;
/** How long a handshake may take before the node counts as unreachable. */
const CONNECT_TIMEOUT = 10_000;
/** What browsers report for a connection that ended without a close frame. */
const ABNORMAL = 1006;
/** A publish that is not answered is sent again for so long, in ms: well inside the window in which its key counts. */
const RESEND_WITHIN = 60_000;

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
 * @property {string} channel a replayable one; after a loss it goes on where it stood
 * @property {number} replay so many of its last messages come first
 * @property {() => Promise<{ token: string, expiresIn: number }>} fetchToken `expiresIn` is in seconds; an error
 *   with `final: true` means that asking again is useless
 * @property {(state: State) => void} onState
 * @property {(message: Record<string, unknown>) => void} onMessage
 * @property {(count: number) => void} onReplayed the last messages have come, on a first connect
 * @property {(count: number) => void} onResumed it came back, and so many messages were caught up
 * @property {(reason: string) => void} onReset it came back, but something in between is lost; the last messages follow
 * @property {(text: string) => void} onNotice something worth a quiet line
 */

/**
 * The whole client side of the protocol that a chat needs, over a plain `new WebSocket`: connect, subscribe,
 * publish, request, refresh the token, notice a dead link, come back and resume. What is said while this client is
 * away comes when it is back, and what it said itself while the link broke is sent again under the same key, so that it
 * is stored once.
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
  /** How far the channel has been received. */
  #cursor = "";
  /** The id of the `subscribe` that stands, and what it asked for. */
  #subscription = { id: 0, kind: "" };
  #catchUp;
  #asks = new PendingAsks();
  /** @type {Set<number>} */
  #timers = new Set();

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#catchUp = new CatchUp((count) => {
      this.#subscription.kind === "since" ? options.onResumed(count) : options.onReplayed(count);
    });
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

  /**
   * Stays away for a while and comes back on another node. Does nothing unless it is connected or about to be.
   *
   * @param {number} node
   * @param {number} milliseconds
   */
  moveTo(node, milliseconds) {
    if (this.#state.kind !== "idle" && this.#state.kind !== "closed") {
      this.#abandon();
      this.#node = node;
      this.#wait("away for a moment", milliseconds);
    }
  }

  /** Tries at once instead of waiting for the next attempt. Does nothing unless it is waiting. */
  retryNow() {
    if (this.#state.kind === "waiting") {
      void this.#connect();
    }
  }

  /** For good: what it had received is forgotten, too. */
  close() {
    this.#abandon();
    this.#cursor = "";
    this.#asks.giveUp();
    this.#enter({ kind: "idle" });
  }

  /**
   * Resolves once the message is stored. Survives a lost connection: the key makes two publishes of it one.
   *
   * @param {string} channel
   * @param {string} event
   * @param {unknown} data
   */
  async publish(channel, event, data) {
    const message = { type: "publish", channel, event, data, key: crypto.randomUUID() };
    await this.#ask(message, Date.now() + RESEND_WITHIN);
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
        error.final === true ? this.#end(error.message) : this.#wait(`no token: ${error.message}`);
      }
      return;
    }
    if (attempt !== this.#attempt) {
      return;
    }

    const socket = new WebSocket(`${node.url.replace("http", "ws")}/v1/ws`, SUBPROTOCOL);
    this.#socket = socket;
    this.#after(CONNECT_TIMEOUT, () => {
      if (this.#state.kind === "connecting") {
        this.#lost(ABNORMAL, `${node.name} does not answer`);
      }
    });
    socket.onopen = () => {
      // The ids of a connection start at 1 and only grow. No need to wait for the answer before going on.
      this.#nextId = 1;
      // What was missed comes in few frames then.
      this.#send({ type: "connect", token: credentials.token, batch: true });
      this.#subscribe();
    };
    socket.onmessage = (event) => {
      this.#lastFrameAt = Date.now();
      // A message a line, from a node that knows batches; no JSON of one has a line end in it.
      for (const line of event.data.split("\n")) {
        // A message before this one may have ended the connection.
        if (attempt === this.#attempt) {
          this.#receive(JSON.parse(line), credentials.expiresIn);
        }
      }
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
        this.#asks.sendAgain((ask) => this.#send(ask));
        break;
      case "subscribed":
        this.#keep(message.cursor);
        if (message.resumed !== false) {
          this.#catchUp.begin();
        }
        break;
      case "message":
        this.#take(message);
        break;
      case "reset":
        this.#options.onReset(message.reason);
        this.#reload();
        break;
      case "ping":
        // A checkpoint: on a quiet channel the place to resume from moves on without a message.
        this.#keep(message.cursor);
        break;
      case "ok":
      case "reply":
        this.#asks.settle(message.id)?.resolve(message);
        break;
      case "error":
        this.#receiveError(message);
        break;
      case "unsubscribed":
        if (message.id === this.#subscription.id) {
          this.#subscribe();
        } else if (message.code !== undefined) {
          this.#options.onNotice(`${message.channel} ended: ${message.message}`);
        }
        break;
      case "draining":
        this.#drainWait = message.reconnect;
        break;
      default:
      // A later revision may send more than this page knows.
    }
  }

  #receiveError(message) {
    if (message.id !== undefined && message.id === this.#subscription.id) {
      this.#receiveRefusal(message);
    } else if (message.id !== undefined) {
      this.#asks.settle(message.id)?.reject(new RequestError(message.code, message.message));
    } else if (message.code === "messages_missed") {
      const where = message.channel === undefined ? "" : ` on ${message.channel}`;
      this.#options.onNotice(`Some messages${where} may have been missed.`);
    } else {
      this.#options.onNotice(message.message);
    }
  }

  /** Goes on behind the cursor, or begins with the last messages. */
  #subscribe() {
    const { channel, replay } = this.#options;
    const kind = this.#cursor === "" ? "replay" : "since";
    const from = kind === "since" ? { since: this.#cursor } : { replay };
    this.#subscription = { id: this.#send({ type: "subscribe", channel, ...from }), kind };
  }

  /** After a reset: the channel once more from the beginning, which here is the last messages. */
  #reload() {
    this.#cursor = "";
    this.#catchUp.cancel();
    this.#subscription = {
      id: this.#send({ type: "unsubscribe", channel: this.#options.channel }),
      kind: "reload",
    };
  }

  #receiveRefusal({ code, message }) {
    if (code === "cursor_invalid") {
      this.#options.onReset(code);
      this.#cursor = "";
      this.#subscribe();
    } else {
      this.#options.onNotice(`Nothing of ${this.#options.channel} will come: ${message}`);
    }
  }

  #take(message) {
    // What still comes between a reset and the new beginning is part of that.
    if (this.#subscription.kind !== "reload") {
      this.#keep(message.cursor);
      this.#catchUp.add();
      this.#options.onMessage(message);
    }
  }

  #keep(cursor) {
    if (cursor !== undefined && this.#subscription.kind !== "reload") {
      this.#cursor = cursor;
    }
  }

  #ask(message, resendUntil) {
    if (this.#state.kind !== "connected") {
      return Promise.reject(new RequestError("disconnected", "not connected"));
    }
    const id = this.#send(message);
    return new Promise((resolve, reject) => {
      this.#asks.add(id, { message, resolve, reject, resendUntil });
    });
  }

  #send(message) {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#socket.send(JSON.stringify({ ...message, id }));
    return id;
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
      this.#end(reason);
      return;
    }
    const draining = drainWait !== undefined;
    this.#node = nextNode(this.#node, this.#options.nodes.length, { established, draining });
    this.#wait(reason, drainWait ?? toldWait(reason));
  }

  #wait(reason, milliseconds = reconnectWait(this.#failures, Math.random())) {
    this.#failures += 1;
    this.#after(milliseconds, () => this.retryNow());
    this.#enter({ kind: "waiting", until: Date.now() + milliseconds, reason });
  }

  #end(reason) {
    this.#asks.giveUp();
    this.#enter({ kind: "closed", reason });
  }

  /** Lets go of the socket and of everything that belonged to it. */
  #abandon() {
    this.#attempt += 1;
    this.#catchUp.cancel();
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
    this.#asks.lose();
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
