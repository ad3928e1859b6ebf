import { setTimeout as delay } from "node:timers/promises";
import { NOTHING_MEASURED } from "../act-result.ts";
import { MOVE_SIGNAL, MOVED } from "../stack/clock-text.ts";
import type { Act } from "./act.ts";

const HOUR_MS = 3_600_000;
const MOVE_LIMIT_MS = 5000;

/** Sets the clock of a node an hour ahead, and right again after a while. */
export const clockJump: Act = {
  needs: { clockOffsetsMs: [HOUR_MS, 0] },
  remark:
    "clock-jump: what the node's JavaScript reads as the date is moved, which is all that it decides by; its timers, sockets and the NATS servers keep their clocks.",
  play: async ({ stack, options, signal, onProgress }) => {
    for (const offset of [HOUR_MS, 0]) {
      onProgress(`the clock of ${stack.victim.place.name} is ${offset / 1000} s ahead`);
      stack.victim.signal(MOVE_SIGNAL);
      await stack.victim.printed(`${MOVED} ${offset} ms`, MOVE_LIMIT_MS);
      await delay(options.outageSeconds * 1000, undefined, { signal });
    }
    return NOTHING_MEASURED;
  },
};
