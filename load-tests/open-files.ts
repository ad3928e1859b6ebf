import { readFile } from "node:fs/promises";
import { LoadTestError } from "./load-test-error.ts";

/** What a process has open besides the connections. */
const OTHER_FILES = 200;

/**
 * Each side has one file open for each connection; processes inherit the limit of this one.
 *
 * @param connections the most that one process is going to have
 * @throws LoadTestError `file_limit` if the system allows fewer.
 */
export async function assertFilesSuffice(connections: number): Promise<void> {
  const soft = await openFileLimit();
  if (connections + OTHER_FILES > soft) {
    throw new LoadTestError(
      "file_limit",
      `${connections} connections need ${connections + OTHER_FILES} open files, and ${soft} are allowed (ulimit -n)`,
    );
  }
}

/** How many files a process may have open; infinity where the system does not tell. */
export async function openFileLimit(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}
