import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import type { ChromiumMachine } from "./chromium-machine.ts";
import { findOnPath } from "./find-on-path.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface InstallChromiumOptions {
  readonly env: Environment;
  readonly machine: ChromiumMachine;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

const playwrightTimeoutMs = 10 * 60_000;
const shownLogLines = 20;

/**
 * Installs Debian's Chromium, as root.
 *
 * @throws TestkitError `install-failed`; the reason of `signal` when it aborts between two steps.
 */
export async function installWithApt(options: InstallChromiumOptions): Promise<void> {
  const [aptGet] = await findOnPath("apt-get", options.env);
  if (aptGet === undefined) throw new TestkitError("install-failed", "there is no apt-get");
  if (!options.machine.isRoot) throw new TestkitError("install-failed", "only root may use it");
  const env = { ...options.env, DEBIAN_FRONTEND: "noninteractive" };
  options.onProgress("installing Chromium with apt-get");
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium"]]) {
    options.signal?.throwIfAborted();
    await runToTheEnd(aptGet, args, env);
  }
}

/**
 * Lets Playwright download its own Chromium to where it keeps its browsers.
 *
 * @throws TestkitError `process-failed`; the reason of `signal` when it aborts.
 */
export async function installWithPlaywright(options: InstallChromiumOptions): Promise<void> {
  const { env, machine, onProgress, signal } = options;
  onProgress("installing Chromium with Playwright");
  await runCommand(process.execPath, [machine.playwrightCli, "install", "--no-shell", "chromium"], {
    env,
    timeoutMs: playwrightTimeoutMs,
    signal,
    onLine: (line) => onProgress(`playwright: ${line}`),
  });
}

/**
 * Runs a package manager. Unlike everything else it may outlive us, in a session of its own and with its output
 * in a file: ending it in the middle would leave the machine's package database broken.
 */
async function runToTheEnd(command: string, args: readonly string[], env: Environment): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-install-"));
  const logPath = join(directory, "log");
  try {
    const log = await open(logPath, "w");
    try {
      const child = spawn(command, args, {
        detached: true,
        env: { ...env },
        stdio: ["ignore", log.fd, log.fd],
      });
      const [code, signal] = await once(child, "exit");
      if (code === 0) return;
      const tail = (await readFile(logPath, "utf8")).trimEnd().split("\n").slice(-shownLogLines);
      const what = `${[command, ...args].join(" ")} ended with ${signal ?? `code ${code}`}`;
      throw new TestkitError("install-failed", [what, ...tail].join("\n"));
    } finally {
      await log.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
