import { NODES } from "./nodes.js";

/** The choice of a node in a panel. It also shows where a client went by itself. */
export class NodeChoice {
  #select;

  /**
   * @param {HTMLSelectElement} select
   * @param {number} node chosen at first
   * @param {(node: number) => void} onChoice the user chose
   */
  constructor(select, node, onChoice) {
    this.#select = select;
    select.append(...NODES.map(({ name }) => new Option(name)));
    select.selectedIndex = node;
    select.addEventListener("change", () => onChoice(select.selectedIndex));
  }

  get node() {
    return this.#select.selectedIndex;
  }

  /** @param {number} node */
  show(node) {
    this.#select.selectedIndex = node;
  }
}
