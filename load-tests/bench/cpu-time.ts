import { readdir, readFile } from "node:fs/promises";

/**
 * CPU that some processes have used, in seconds, to the nanosecond and without asking them: a program that answers how much it has used uses
 * more. From `/proc/PID/task/TID/schedstat`, whose first field is that of one thread; NaN where there is none, or a process is gone.
 */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const seconds = await Promise.all(pids.map(ofProcess));
  return seconds.reduce((sum, one) => sum + one, 0);
}

async function ofProcess(pid: number): Promise<number> {
  const directory = `/proc/${pid}/task`;
  const threads = await readdir(directory).catch(() => []);
  const nanoseconds = await Promise.all(
    threads.map(async (thread) =>
      // A thread that has just ended leaves nothing behind, not even what it used: threads of these programs stay.
      Number.parseInt(await readFile(`${directory}/${thread}/schedstat`, "utf8").catch(() => "0"), 10),
    ),
  );
  return threads.length === 0 ? Number.NaN : nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}
