import { readdir } from "node:fs/promises";
import { setPriority } from "node:os";

/** Of 19: about a ninth of the time of others. */
const LOW = 10;

/**
 * Has a process of this machine give way to others, or cease to. Only root may undo it, so for others this does nothing.
 * Nor does it for a process that is gone.
 */
export async function setGivingWay(pid: number, givesWay: boolean): Promise<void> {
  if (process.getuid?.() !== 0) {
    return;
  }
  // Linux has a priority for each thread.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  for (const thread of threads) {
    try {
      setPriority(Number(thread), givesWay ? LOW : 0);
    } catch {
      // It has ended.
    }
  }
}
