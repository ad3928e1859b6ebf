import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { isProcessAlive } from "./process-state.ts";
import { waitUntil } from "./wait-until.ts";
import { waitUntilStopped } from "./wait-until-stopped.ts";

test("a running and a stopped process are alive, an ended one is not", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const pid = Number(child.pid);
  expect(isProcessAlive(pid)).toBe(true);
  child.kill("SIGSTOP");
  await waitUntilStopped(pid);
  expect(isProcessAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isProcessAlive(pid)).toBe(false);
});

test("the process that runs everything is alive, though it may be somebody else's", () => {
  expect(isProcessAlive(1)).toBe(true);
});

test.runIf(existsSync("/proc/self/stat"))(
  "an ended process that nobody has collected is not alive",
  async () => {
    // The shell becomes a program that never collects what the shell had started.
    const parent = spawn("/bin/sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [line] = await once(parent.stdout, "data");
    await waitUntil(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
    const pid = Number(String(line));
    expect(isProcessAlive(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
    await waitUntil(() => !isProcessAlive(pid), { message: "the process to end" });
    expect(existsSync(`/proc/${pid}/stat`)).toBe(true);
  },
);
