/**
 * Whether several feeds of one channel show the same, and which lag. They may have begun at different times, so what
 * counts is what they show from the last message backwards.
 *
 * @param {readonly (readonly string[])[]} feeds ids in the order of arrival
 * @returns {{ kind: "agree", common: number }
 *   | { kind: "behind", behind: readonly number[] }
 *   | { kind: "differ" }} `common`: so many messages are in all of them. `behind`: how many each lacks yet
 */
export function compareFeeds(feeds) {
  const leader =
    feeds.find((ids) => feeds.every((other) => ids.includes(other.at(-1)) || other.length === 0)) ?? [];
  const behind = feeds.map((ids) =>
    ids.length === 0 ? leader.length : leader.length - 1 - leader.indexOf(ids.at(-1)),
  );
  const common = Math.min(...feeds.map((ids, feed) => Math.min(ids.length, leader.length - behind[feed])));
  const same = feeds.every((ids, feed) => {
    const end = leader.length - behind[feed];
    const shown = Math.min(ids.length, end);
    return ids.slice(ids.length - shown).every((id, index) => id === leader[end - shown + index]);
  });
  if (!same || (leader.length === 0 && feeds.some((ids) => ids.length > 0))) {
    return { kind: "differ" };
  }
  return behind.some((count) => count > 0) ? { kind: "behind", behind } : { kind: "agree", common };
}
