import { describeState } from "./connection-words.js";

/** How often a countdown is written, in ms. */
const COUNTDOWN_PERIOD = 250;

/** The dot and the words for the state of a client. Where it counts seconds down, it does so by itself. */
export class StateView {
  #box;
  #text;
  #brief;
  /** @type {number | undefined} */
  #countdown;

  /**
   * @param {HTMLElement} box with a `.state-text` in it
   * @param {{ brief?: boolean }} [options] as for `describeState`
   */
  constructor(box, { brief = false } = {}) {
    this.#box = box;
    this.#brief = brief;
    this.#text = box.querySelector(".state-text");
  }

  /** @param {{ kind: string, reason?: string }} state */
  show(state) {
    clearInterval(this.#countdown);
    this.#box.dataset.state = state.kind;
    this.#box.title = state.reason ?? "";
    const write = () => {
      this.#text.textContent = describeState(state, { brief: this.#brief });
    };
    write();
    if (state.kind === "waiting") {
      this.#countdown = setInterval(write, COUNTDOWN_PERIOD);
    }
  }
}
