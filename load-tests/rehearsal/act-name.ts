/** What can be rehearsed, in the order in which it is. */
export const ACT_NAMES = [
  "rolling-restart",
  "scale",
  "node-loss",
  "leader-loss",
  "partition",
  "clock-jump",
  "full-disk",
] as const;
export type ActName = (typeof ACT_NAMES)[number];
