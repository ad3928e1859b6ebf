import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { setGivingWay } from "./priority.ts";

test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
  "a process gives way and ceases to",
  async () => {
    const child = spawn("sleep", ["60"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    await setGivingWay(pid, true);
    expect(getPriority(pid)).toBe(10);
    await setGivingWay(pid, false);
    expect(getPriority(pid)).toBe(0);
  },
);

test("a process that is gone does no harm", async () => {
  await expect(setGivingWay(2 ** 30, true)).resolves.toBeUndefined();
});
