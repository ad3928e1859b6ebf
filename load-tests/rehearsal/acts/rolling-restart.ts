import type { Departure } from "../act-result.ts";
import type { Act } from "./act.ts";
import { arrive, depart } from "./departure.ts";

/** One node after the other leaves in order and starts again. */
export const rollingRestart: Act = {
  needs: {},
  remark: undefined,
  play: async (scene) => {
    const departures: Departure[] = [];
    for (const node of scene.stack.nodes) {
      departures.push(await depart(node, scene));
      await arrive(node, scene);
    }
    return { departures, measured: {} };
  },
};
