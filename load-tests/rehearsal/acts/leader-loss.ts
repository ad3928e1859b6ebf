import { setTimeout as delay } from "node:timers/promises";
import { serverIn } from "../../chaos/stack/replicas.ts";
import type { Act } from "./act.ts";
import { replicasHealed } from "./healing.ts";

/** Kills the NATS server that leads a stream, and starts it again after a while. */
export const leaderLoss: Act = {
  needs: {},
  remark:
    "leader-loss: until another server leads the stream nobody can store, so what is published meanwhile takes as long as the election.",
  play: async (scene) => {
    const { stack, options, signal, onProgress } = scene;
    const victim = await serverIn("leader", stack.someStream, stack);
    onProgress(`kill -9 of the NATS server that leads ${stack.someStream}`);
    await victim.kill();
    await delay(options.outageSeconds * 1000, undefined, { signal });
    await victim.restart();
    return { departures: [], measured: { healMs: await replicasHealed(scene) } };
  },
};
