/**
 * What a person reads about the state of a client of this page; all of them have the same ones.
 *
 * @param {{ kind: string, node?: string, until?: number, reason?: string }} state
 * @param {{ now?: number, brief?: boolean }} [options] `brief` where the node stands beside it anyway
 */
export function describeState(state, { now = Date.now(), brief = false } = {}) {
  const node = brief ? "" : ` to ${state.node}`;
  switch (state.kind) {
    case "connecting":
      return `Connecting${node}…`;
    case "connected":
      return `Connected${node}`;
    case "waiting":
      return `Reconnecting in ${Math.max(1, Math.ceil((state.until - now) / 1000))} s`;
    case "closed":
      return `Closed: ${state.reason}`;
    default:
      return "Not connected";
  }
}

/**
 * What a client says when it is back.
 *
 * @param {number} count messages it had missed
 */
export function describeResume(count) {
  switch (count) {
    case 0:
      return "resumed, nothing missed";
    case 1:
      return "resumed, 1 message";
    default:
      return `resumed, ${count} messages`;
  }
}

/**
 * A cursor that fits beside other words: cursors mean nothing to their clients, but one may see that two are the same.
 *
 * @param {string} cursor
 */
export function shortCursor(cursor) {
  return cursor.length <= 16 ? cursor : `${cursor.slice(0, 6)}…${cursor.slice(-8)}`;
}
