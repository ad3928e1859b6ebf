import { setTimeout as delay } from "node:timers/promises";
import { NOTHING_MEASURED } from "../act-result.ts";
import type { Act } from "./act.ts";

/** Kills a node, and starts it again after a while. */
export const nodeLoss: Act = {
  needs: {},
  remark: undefined,
  play: async ({ stack, options, signal, onProgress }) => {
    const victim = stack.victim;
    onProgress(`kill -9 of ${victim.place.name}`);
    // The last chance to ask what it has counted.
    await victim.counts();
    await victim.kill();
    await delay(options.outageSeconds * 1000, undefined, { signal });
    await victim.start();
    return NOTHING_MEASURED;
  },
};
