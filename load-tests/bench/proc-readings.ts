import { readFile } from "node:fs/promises";
import type { ProcessReadings } from "./process-readings.ts";

/** Of the kernel's clock for this; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Behind the name of the program, which may hold anything, in parentheses: fields 14, 15 and 24 of proc(5). */
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const RESIDENT_PAGES = 21;
const PAGE_BYTES = 4096;

/** What Linux says of a process whose program says nothing of itself; 10 ms fine. NaN where it cannot be had. */
export async function procReadings(pid: number): Promise<ProcessReadings> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return parseProcStat(text);
}

export function parseProcStat(text: string): ProcessReadings {
  const fields = text
    .slice(text.lastIndexOf(")") + 1)
    .trim()
    .split(" ");
  const field = (index: number): number => Number(fields[index] ?? Number.NaN);
  return {
    cpuSeconds: (field(USER_TIME) + field(SYSTEM_TIME)) / TICKS_PER_SECOND,
    residentBytes: field(RESIDENT_PAGES) * PAGE_BYTES,
    heapUsedBytes: Number.NaN,
    externalBytes: Number.NaN,
    lagP50Seconds: Number.NaN,
    lagP99Seconds: Number.NaN,
    lagMaxSeconds: Number.NaN,
  };
}
