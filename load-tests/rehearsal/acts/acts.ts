import type { ActName } from "../act-name.ts";
import type { Act } from "./act.ts";
import { clockJump } from "./clock-jump.ts";
import { fullDisk } from "./full-disk.ts";
import { leaderLoss } from "./leader-loss.ts";
import { nodeLoss } from "./node-loss.ts";
import { partition } from "./partition.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { scale } from "./scale.ts";

export const ACTS: Readonly<Record<ActName, Act>> = {
  "rolling-restart": rollingRestart,
  scale,
  "node-loss": nodeLoss,
  "leader-loss": leaderLoss,
  partition,
  "clock-jump": clockJump,
  "full-disk": fullDisk,
};
