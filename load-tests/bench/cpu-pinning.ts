import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Which cores the two sides of a measurement get, or why none. */
export type CpuPlan =
  | { readonly kind: "pinned"; readonly server: string; readonly clients: string }
  | { readonly kind: "free"; readonly reason: string };

const run = promisify(execFile);

/**
 * The last core for the server, the rest for clients and NATS: what the clients do must not count against the server,
 * and the server, which has one busy thread, must not be moved about.
 */
export async function planCpus(): Promise<CpuPlan> {
  let cpus: readonly number[];
  try {
    const status = await readFile("/proc/self/status", "utf8");
    cpus = parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "");
    await run("taskset", ["--version"]);
  } catch {
    return { kind: "free", reason: "this system has no taskset" };
  }
  const server = cpus.at(-1);
  if (server === undefined || cpus.length < 2) {
    return { kind: "free", reason: "there is only one core" };
  }
  return { kind: "pinned", server: String(server), clients: cpus.slice(0, -1).join(",") };
}

/** Confines a process, with all threads it has and will start, to cores as `0,2`. */
export async function pinProcess(pid: number, cpus: string): Promise<void> {
  await run("taskset", ["--all-tasks", "--pid", "--cpu-list", cpus, String(pid)]);
}

/** The cores of a list as the kernel writes it: `0-3,8`. Empty for anything else. */
export function parseCpuList(list: string): readonly number[] {
  const cpus: number[] = [];
  for (const part of list.split(",")) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (match === null) {
      return [];
    }
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let cpu = first; cpu <= last; cpu += 1) {
      cpus.push(cpu);
    }
  }
  return cpus;
}
