import { setTimeout as delay } from "node:timers/promises";
import { NOTHING_MEASURED } from "../act-result.ts";
import type { Act } from "./act.ts";

/** Cuts a node off from everybody: NATS, HAProxy, and its health checks. */
export const partition: Act = {
  needs: { island: true },
  remark:
    "partition: the node is in a network namespace of its own, and its frames and those to it go astray; what was sent is sent again by TCP, and arrives when they do not any more, unless somebody gave up before. Between the namespace and the NATS servers, which listen on loopback, stand relays.",
  play: async ({ stack, options, signal, onProgress }) => {
    onProgress(`${stack.victim.place.name} is cut off`);
    await stack.island?.cutOff();
    await delay(options.outageSeconds * 1000, undefined, { signal });
    await stack.island?.rejoin();
    onProgress(`${stack.victim.place.name} is back`);
    await stack.victim.ready();
    return NOTHING_MEASURED;
  },
};
