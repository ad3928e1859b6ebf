import { NodeChoice } from "./node-choice.js";
import { NODES, otherNode } from "./nodes.js";
import { SseFeed } from "./sse-feed.js";
import { StateView } from "./state-view.js";

/** Prices in the line. */
const DRAWN = 60;
/** The backend publishes every second; after so many ms of nothing, the link is dead. */
const LONGEST_SILENCE = 10_000;
/** The line's own units, stretched to the panel by the page. */
const WIDTH = 300;
const HEIGHT = 60;
/** Least height of the line, in what the price is counted in: noise must not look like an earthquake. */
const LEAST_RANGE = 1;
const MINUS = "\u2212";

/** A live channel over SSE, without a token: numbers, of which only the last one matters. */
export class TickerPanel {
  #price;
  #change;
  #symbol;
  #line;
  #counts;
  #state;
  #choice;
  #element;
  #feed;
  /** @type {number[]} */
  #prices = [];
  #received = 0;

  /**
   * @param {object} options
   * @param {HTMLElement} options.element
   * @param {number} options.node
   * @param {string} options.channel
   */
  constructor({ element, node, channel }) {
    this.#element = element;
    this.#symbol = element.querySelector(".ticker-symbol");
    this.#price = element.querySelector(".ticker-price");
    this.#change = element.querySelector(".ticker-change");
    this.#line = element.querySelector("polyline");
    this.#counts = element.querySelector(".counts");
    this.#state = new StateView(element.querySelector(".state"), { brief: true });
    this.#choice = new NodeChoice(element.querySelector("select"), node, (chosen) => this.open(chosen));
    this.#feed = new SseFeed({
      nodes: NODES,
      channel,
      longestSilence: LONGEST_SILENCE,
      onState: (state) => this.#showState(state),
      onMessage: (message) => this.#take(message.data),
    });
  }

  start() {
    this.open(this.#choice.node);
  }

  /** @param {number} node */
  open(node) {
    this.#choice.show(node);
    this.#feed.open(node);
  }

  /** @param {number} milliseconds how long it stays away before it comes back on another node */
  moveOn(milliseconds) {
    const node = otherNode(this.#choice.node);
    this.#choice.show(node);
    this.#feed.moveTo(node, milliseconds);
  }

  pause() {
    this.#feed.close();
  }

  resume() {
    this.start();
  }

  retryNow() {
    this.#feed.retryNow();
  }

  #take({ symbol, price, change }) {
    this.#received += 1;
    this.#symbol.textContent = symbol;
    this.#price.textContent = price.toFixed(2);
    this.#change.textContent = `${change < 0 ? MINUS : "+"}${Math.abs(change).toFixed(2)}`;
    this.#element.dataset.trend = change < 0 ? "down" : "up";
    this.#counts.textContent = `${this.#received} received`;
    this.#prices = [...this.#prices, price].slice(-DRAWN);
    this.#line.setAttribute("points", linePoints(this.#prices));
  }

  #showState(state) {
    if (state.kind === "connected") {
      this.#choice.show(state.index);
    }
    // A number that stands still looks like one that is true.
    this.#element.classList.toggle("stale", state.kind !== "connected");
    this.#state.show(state);
  }
}

/** The last price stands at the right edge; those before it go left, however many there are. */
function linePoints(prices) {
  const low = Math.min(...prices);
  const range = Math.max(LEAST_RANGE, Math.max(...prices) - low);
  const middle = (HEIGHT - ((Math.max(...prices) - low) / range) * HEIGHT) / 2;
  return prices
    .map((price, index) => {
      const x = WIDTH - ((prices.length - 1 - index) / (DRAWN - 1)) * WIDTH;
      const y = HEIGHT - middle - ((price - low) / range) * HEIGHT;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
