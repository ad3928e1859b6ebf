import { readdir } from "node:fs/promises";
import { processState } from "./process-state.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Waits until every thread of a process that was sent SIGSTOP has stopped. A signal is only noted when it is
 * sent; a thread on another core may run on for a moment. Where there is no /proc this returns at once.
 */
export async function waitUntilStopped(pid: number): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  await waitUntil(
    async () => {
      const threads = await readdir(tasks).catch(() => []);
      return threads.every((thread) => hasStopped(processState(`${tasks}/${thread}/stat`)));
    },
    { message: `process ${pid} to stop`, intervalMs: 1 },
  );
}

/** Stopped by a signal, stopped by a debugger, or ended meanwhile. */
function hasStopped(state: string | undefined): boolean {
  return state === undefined || ["T", "t", "Z", "X"].includes(state);
}
