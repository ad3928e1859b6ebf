import { setTimeout as delay } from "node:timers/promises";
import { LoadTestError } from "../../load-test-error.ts";
import type { Act } from "./act.ts";
import { arrive, depart } from "./departure.ts";

/** One node less for a while, then two more. */
export const scale: Act = {
  needs: { spares: 1 },
  remark:
    "scale: clients that are served stay where they are, so a node that is added gets those that come later.",
  play: async (scene) => {
    const { stack, options, signal } = scene;
    const last = stack.nodes.at(-1);
    const [spare] = stack.spares;
    if (last === undefined || spare === undefined) {
      throw new LoadTestError("server_failed", "there is no node to take away or to add");
    }
    const departure = await depart(last, scene);
    await delay(options.outageSeconds * 1000, undefined, { signal });
    await arrive(last, scene);
    await arrive(spare, scene);
    return { departures: [departure], measured: {} };
  },
};
