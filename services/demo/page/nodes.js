/**
 * The gateway nodes that the page was served with, in the order of the choice in its header. Any of them serves any
 * client; a deployment behind a load balancer has one address instead of this list.
 *
 * @type {readonly { name: string, url: string }[]} `url` is `http://host:port`
 */
export const NODES = [...document.getElementById("node").options].map((option) => ({
  name: option.text,
  url: option.dataset.url,
}));

/** @param {number} node */
export function otherNode(node) {
  return (node + 1) % NODES.length;
}
