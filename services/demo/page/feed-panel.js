import { describeResume, shortCursor } from "./connection-words.js";
import { newestMessages } from "./history.js";
import { NodeChoice } from "./node-choice.js";
import { NODES, otherNode } from "./nodes.js";
import { StateView } from "./state-view.js";

/** Messages that a panel shows at first, and at most. */
const SHOWN = 5;
/** Messages that a panel remembers to be compared with the others. */
const REMEMBERED = 50;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

/**
 * A client of a feed, as `SseFeed` and `PollFeed` are.
 *
 * @typedef {object} Feed
 * @property {string} cursor
 * @property {(node: number, cursor?: string) => void} open
 * @property {(node: number, milliseconds: number) => void} moveTo
 * @property {() => void} retryNow
 * @property {() => void} close
 */

/** One feed of notifications: what came, over which transport, from which node, and how far it is. */
export class FeedPanel {
  #options;
  #list;
  #counts;
  #cursor;
  #outcome;
  #state;
  #choice;
  /** @type {Feed} */
  #feed;
  /** Ends what is under way for a place that was left. */
  #loading = new AbortController();
  /** @type {string[]} */
  #ids = [];
  #received = 0;
  #requests = 0;
  #resumes = 0;
  #resets = 0;

  /**
   * @param {object} options
   * @param {HTMLElement} options.element
   * @param {number} options.node
   * @param {string} options.channel
   * @param {import("./token.js").TokenSource} options.tokens
   * @param {(callbacks: object) => Feed} options.connect makes the feed with these callbacks
   * @param {() => void} options.onChange what it shows has changed
   * @param {(outcome: string) => void} options.onReturn it is back, and how
   */
  constructor(options) {
    const { element, node } = options;
    this.#options = options;
    this.#list = element.querySelector(".notices");
    this.#counts = element.querySelector(".counts");
    this.#cursor = element.querySelector(".cursor");
    this.#outcome = element.querySelector(".outcome");
    this.#state = new StateView(element.querySelector(".state"), { brief: true });
    this.#choice = new NodeChoice(element.querySelector("select"), node, (chosen) => this.open(chosen));
    this.#feed = options.connect({
      onState: (state) => this.#showState(state),
      onMessage: (message) => this.#take(message),
      onRequest: () => {
        this.#requests += 1;
        this.#showCounts();
      },
      onResumed: (count) => {
        this.#resumes += 1;
        this.#showReturn(describeResume(count));
        this.#showCounts();
      },
      onReset: () => {
        this.#resets += 1;
        void this.#load("reset: reloaded");
      },
    });
  }

  /** Ids of what it shows and has shown, the oldest first. */
  get ids() {
    return this.#ids;
  }

  /** Shows the last few messages and goes on behind them. */
  start() {
    void this.#load("");
  }

  /** @param {number} node */
  open(node) {
    this.#choice.show(node);
    if (this.#feed.cursor === "") {
      this.start();
    } else {
      this.#feed.open(node);
    }
  }

  /** @param {number} milliseconds how long it stays away before it comes back on another node */
  moveOn(milliseconds) {
    const node = otherNode(this.#choice.node);
    this.#choice.show(node);
    if (this.#feed.cursor === "") {
      this.start();
    } else {
      this.#feed.moveTo(node, milliseconds);
    }
  }

  /** Lets go of the connection; `resume` goes on where it stood. */
  pause() {
    this.#loading.abort();
    this.#feed.close();
  }

  resume() {
    this.open(this.#choice.node);
  }

  retryNow() {
    this.#feed.retryNow();
  }

  /** @param {string} outcome to be said once it is done */
  async #load(outcome) {
    this.#loading.abort();
    this.#feed.close();
    const loading = new AbortController();
    this.#loading = loading;
    const { channel, tokens } = this.#options;
    const { node } = this.#choice;
    this.#showState({ kind: "connecting", node: NODES[node].name });
    try {
      const page = await newestMessages({
        nodes: NODES,
        node,
        channel,
        limit: SHOWN,
        tokens,
        signal: loading.signal,
      });
      if (page === undefined) {
        return;
      }
      this.#list.replaceChildren();
      this.#ids = [];
      for (const message of page.messages) {
        this.#show(message);
      }
      this.#feed.open(this.#choice.node, page.newer);
      if (outcome !== "") {
        this.#showReturn(outcome);
      }
    } catch (error) {
      this.#showState({ kind: "closed", reason: error.message });
    }
  }

  #take(message) {
    this.#received += 1;
    this.#show(message);
    this.#list.firstElementChild.className = "new";
  }

  #show({ data, time }) {
    const id = String(data?.id ?? time);
    this.#ids.push(id);
    if (this.#ids.length > REMEMBERED) {
      this.#ids.shift();
    }
    this.#list.prepend(notice(id, data, time));
    if (this.#list.childElementCount > SHOWN) {
      this.#list.lastElementChild.remove();
    }
    this.#showCounts();
    this.#options.onChange();
  }

  #showState(state) {
    if (state.kind === "connected") {
      // It may have moved by itself.
      this.#choice.show(state.index);
    } else if (state.kind === "waiting") {
      this.#outcome.textContent = "";
    }
    this.#state.show(state);
    this.#showCounts();
  }

  #showReturn(outcome) {
    this.#outcome.textContent = outcome;
    this.#options.onReturn(outcome);
  }

  #showCounts() {
    const counts = [
      `${this.#received} received`,
      ...(this.#requests > 0 ? [plural(this.#requests, "request")] : []),
      ...(this.#resumes > 0 ? [plural(this.#resumes, "resume")] : []),
      ...(this.#resets > 0 ? [plural(this.#resets, "reset")] : []),
    ];
    this.#counts.textContent = counts.join(" · ");
    const { cursor = "" } = this.#feed ?? {};
    this.#cursor.textContent = cursor === "" ? "–" : shortCursor(cursor);
    this.#cursor.title = cursor;
  }
}

/** What a backend published may be anything; it is shown as text, whatever it is. */
function notice(id, data, time) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const number = document.createElement("span");
  number.className = "notice-number";
  number.textContent = typeof data?.number === "number" ? String(data.number) : "";
  const text = document.createElement("span");
  text.className = "notice-text";
  text.textContent = typeof data?.text === "string" ? data.text : JSON.stringify(data);
  text.title = text.textContent;
  const when = document.createElement("time");
  when.dateTime = new Date(time).toISOString();
  when.textContent = clock.format(time);
  item.append(number, text, when);
  return item;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
