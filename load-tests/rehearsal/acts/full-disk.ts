import { setTimeout as delay } from "node:timers/promises";
import { serverIn } from "../../chaos/stack/replicas.ts";
import { LoadTestError } from "../../load-test-error.ts";
import type { Act } from "./act.ts";
import { replicasHealed } from "./healing.ts";

/** What a server removes in its distress is taken at once. */
const REFILL_MS = 100;

/** Leaves no space to the NATS server that leads a stream, then makes room and starts it again. */
export const fullDisk: Act = {
  needs: { smallDisks: true },
  remark:
    "full-disk: each NATS server stores on a file system in memory of its own, and one of them is full (ENOSPC). A server that has run out of space takes part in JetStream again only when it is started again, which is what is done when there is room.",
  play: async (scene) => {
    const { stack, options, signal, onProgress } = scene;
    const victim = await serverIn("leader", stack.someStream, stack);
    const disk = stack.disks.find(({ path }) => path === victim.storeDir);
    if (disk === undefined) {
      throw new LoadTestError("server_failed", "the leader has no disk of its own");
    }
    onProgress(`no space is left under the NATS server that leads ${stack.someStream}`);
    const end = performance.now() + options.outageSeconds * 1000;
    let takenBytes = 0;
    while (performance.now() < end) {
      takenBytes += await disk.fill();
      await delay(REFILL_MS, undefined, { signal });
    }
    const leader = await serverIn("leader", stack.someStream, stack).catch(() => undefined);
    const leaderChanged = leader === undefined || leader === victim ? 0 : 1;
    onProgress(
      `there is room again; ${leaderChanged === 1 ? "another server" : "no other server"} leads by now`,
    );
    await disk.free();
    await victim.restart();
    const healMs = await replicasHealed(scene);
    return { departures: [], measured: { takenBytes, leaderChanged, healMs } };
  },
};
