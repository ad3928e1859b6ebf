/** Longest wait between two attempts, in ms. */
const LONGEST_WAIT = 15_000;
const FIRST_WAIT = 500;

/**
 * Whether to come back after a close. The range decides, so that codes this page has never heard of are safe:
 * 3000 to 3499 and 4000 to 4499 yes, the upper halves no. Below 3000, only 1000 means that the end was wanted.
 *
 * @param {number} code
 */
export function shouldReconnect(code) {
  return code >= 3000 ? code % 1000 < 500 : code !== 1000;
}

/**
 * How long to wait before attempt `attempt` (0 is the first), in ms. Half of it is random: the clients of a node
 * that died must not come back in step.
 *
 * @param {number} attempt
 * @param {number} random from 0 to 1
 */
export function reconnectWait(attempt, random) {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt, 10));
  return Math.round(longest / 2 + (longest / 2) * random);
}

/**
 * The wait that a node which turns newcomers away puts at the end of its reason, in ms; undefined if it says none.
 *
 * @param {string} reason
 */
export function toldWait(reason) {
  const wait = /; retry=(\d{1,7})$/.exec(reason)?.[1];
  return wait === undefined ? undefined : Number(wait);
}

/**
 * Which node to try next. Any node serves any client, so a client goes round them. It gives the node it was
 * connected to one more chance, because most losses are of the network and not of the node; a node that said
 * it is leaving, or could not be reached, gets none.
 *
 * @param {number} node index of the node that was lost
 * @param {number} nodes how many there are
 * @param {{ established: boolean, draining: boolean }} loss
 */
export function nextNode(node, nodes, loss) {
  return loss.established && !loss.draining ? node : (node + 1) % nodes;
}
