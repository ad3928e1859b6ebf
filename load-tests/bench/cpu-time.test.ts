import { expect, test } from "vitest";
import { cpuSecondsOf } from "./cpu-time.ts";

const onLinux = process.platform === "linux";

test.runIf(onLinux)("tells what all threads of a process have used, as it does itself", async () => {
  const end = performance.now() + 50;
  while (performance.now() < end) {
    // Uses up time.
  }
  const { user, system } = process.cpuUsage();
  const seconds = await cpuSecondsOf([process.pid]);
  expect(seconds).toBeGreaterThan(((user + system) / 1e6) * 0.8);
  expect(await cpuSecondsOf([process.pid, process.pid])).toBeGreaterThanOrEqual(2 * seconds);
});

test("knows nothing of a process that is not there", async () => {
  expect(await cpuSecondsOf([2 ** 30])).toBeNaN();
});
