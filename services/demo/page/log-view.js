/** Older entries leave the page, so that a tab left open over night stays light. */
const MOST_ENTRIES = 300;
/** An author who goes on within this many ms does not get a new heading. */
const SAME_BREATH = 120_000;
/** This close to the end, in px, counts as reading the end: the log follows new entries. */
const NEAR_END = 48;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/**
 * One line of the log.
 *
 * @typedef {object} Entry
 * @property {"said" | "bot" | "notice"} kind
 * @property {string} author
 * @property {string} text
 * @property {number} time Unix time in ms
 * @property {boolean} own
 * @property {string} [remark] how it got here, if that is unusual
 * @property {boolean} [code] whether the text is data rather than words
 */

/** The message log. Everything it shows goes in as text, never as markup. */
export class LogView {
  #log;
  #entries;
  #newer;
  #empty;
  /** @type {Entry | undefined} */
  #last;

  /** @param {{ log: HTMLElement, entries: HTMLElement, empty: HTMLElement, newer: HTMLElement }} elements */
  constructor({ log, entries, empty, newer }) {
    this.#log = log;
    this.#entries = entries;
    this.#empty = empty;
    this.#newer = newer;
    // What scrolls must be within reach of the keyboard.
    log.tabIndex = 0;
    this.#log.addEventListener("scroll", () => {
      if (this.#atEnd()) {
        this.#newer.hidden = true;
      }
    });
    this.#newer.addEventListener("click", () => {
      this.#scrollToEnd();
      this.#log.focus();
    });
    new ResizeObserver(() => {
      if (this.#newer.hidden) {
        this.#scrollToEnd();
      }
    }).observe(log);
  }

  /** @param {Entry} entry */
  add(entry) {
    const follow = entry.own || this.#atEnd();
    const element = entry.kind === "notice" ? notice(entry) : line(entry, this.#continues(entry));
    this.#entries.append(element);
    this.#last = entry;
    this.#empty.hidden = true;
    while (this.#entries.childElementCount > MOST_ENTRIES) {
      this.#entries.firstElementChild.remove();
    }
    if (follow) {
      this.#scrollToEnd();
    } else {
      this.#newer.hidden = false;
    }
  }

  /** Up to now the log was being filled with what was said before, which nobody wants to have read out. */
  announceFromHere() {
    this.#log.ariaBusy = "false";
  }

  clear() {
    this.#log.ariaBusy = "true";
    this.#entries.replaceChildren();
    this.#last = undefined;
    this.#empty.hidden = false;
    this.#newer.hidden = true;
  }

  #continues(entry) {
    const last = this.#last;
    return (
      last !== undefined &&
      last.kind === entry.kind &&
      last.author === entry.author &&
      last.own === entry.own &&
      last.remark === entry.remark &&
      entry.time - last.time < SAME_BREATH
    );
  }

  #atEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_END;
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#newer.hidden = true;
  }
}

function line(entry, continued) {
  const element = make("li", "entry");
  element.dataset.testid = "entry";
  element.dataset.kind = entry.kind;
  element.dataset.author = entry.author;
  element.classList.toggle("own", entry.own);
  element.classList.toggle("continued", continued);

  const avatar = make("span", "avatar", entry.kind === "bot" ? "≈" : initial(entry.author));
  avatar.ariaHidden = "true";
  avatar.style.setProperty("--hue", String(hue(entry.author)));

  const head = make("p", "head");
  head.append(make("span", "author", entry.own ? `${entry.author} (you)` : entry.author));
  if (entry.remark !== undefined) {
    head.append(make("span", "remark", entry.remark));
  }
  const time = make("time", "time", timeOf(entry.time));
  time.dateTime = new Date(entry.time).toISOString();
  head.append(time);

  const text = make("p", entry.code === true ? "text data" : "text", entry.text);
  element.append(avatar, head, text);
  return element;
}

/** With the day, if it was another one. */
function timeOf(time) {
  const today = new Date(time).toDateString() === new Date().toDateString();
  return (today ? clock : calendar).format(time);
}

function notice(entry) {
  const element = make("li", "notice", entry.text);
  element.dataset.testid = "notice";
  return element;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

function initial(author) {
  const [first = "?"] = author;
  return first.toLocaleUpperCase();
}

/** A steady hue per author, spread by the golden angle so that like names differ. */
function hue(author) {
  let sum = 0;
  for (const character of author) {
    sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  }
  return Math.round(sum * 137.508) % 360;
}
