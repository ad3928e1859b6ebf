import { readFileSync } from "node:fs";

/**
 * Whether a process of this id still runs, or is stopped. One that has ended does not, even if its parent has not
 * collected it yet: the first process of a container may take its time over that.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process: we may not signal it, but it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const state = processState(`/proc/${pid}/stat`);
  return state !== "Z" && state !== "X";
}

/**
 * The letter for the state in a `stat` file of /proc, of a process or a thread; undefined where there is none. It
 * follows the name, which is in parentheses and may itself contain some.
 */
export function processState(statPath: string): string | undefined {
  try {
    const stat = readFileSync(statPath, "latin1");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  } catch {
    return undefined;
  }
}
