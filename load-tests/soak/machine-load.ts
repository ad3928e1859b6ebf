import { readFile } from "node:fs/promises";

/** Of the kernel's clock for this; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of proc(5), `/proc/stat`, in which something ran: user, nice, system, irq, softirq. */
const BUSY = [1, 2, 3, 6, 7] as const;

/** Seconds that all cores together have been busy since the start of the machine; NaN where that cannot be had. */
export async function busySeconds(): Promise<number> {
  return parseBusySeconds(await readFile("/proc/stat", "utf8").catch(() => ""));
}

export function parseBusySeconds(text: string): number {
  const [line = ""] = text.split("\n");
  const fields = line.split(/\s+/);
  return BUSY.reduce((sum, field) => sum + Number(fields[field] ?? Number.NaN), 0) / TICKS_PER_SECOND;
}
