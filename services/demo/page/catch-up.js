/** Nothing for this long after a resume, in ms: what was missed has arrived. */
const PAUSE = 400;

/**
 * Counts what arrives right after a resume. A stream does not say where what was missed ends and what is new begins,
 * because to its client there is no difference; only somebody who wants to see it happen has to guess.
 */
export class CatchUp {
  #onDone;
  #count = 0;
  /** @type {number | undefined} */
  #timer;

  /** @param {(count: number) => void} onDone */
  constructor(onDone) {
    this.#onDone = onDone;
  }

  begin() {
    this.#count = 0;
    this.#wait();
  }

  /** A message arrived; counts only while catching up. */
  add() {
    if (this.#timer !== undefined) {
      this.#count += 1;
      this.#wait();
    }
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onDone(this.#count);
    }, PAUSE);
  }
}
