import { expect, test } from "vitest";
import { parseProcStat } from "./proc-readings.ts";

test("reads times and memory of a process whatever it is called", () => {
  const rest = Array.from({ length: 40 }, (_, index) => 100 + index).join(" ");
  const readings = parseProcStat(`7 (a) b (c)) S ${rest}\n`);
  // The state is the first behind the name, so the 12th and 13th of the rest are times.
  expect(readings.cpuSeconds).toBe((110 + 111) / 100);
  expect(readings.residentBytes).toBe(120 * 4096);
  expect(parseProcStat("").cpuSeconds).toBeNaN();
});
