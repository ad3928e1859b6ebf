import { homedir } from "node:os";
import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { type ChromiumMachine, thisMachine } from "./chromium-machine.ts";
import { describeError } from "./describe-error.ts";
import { findOnPath, isExecutable } from "./find-on-path.ts";
import { installWithApt, installWithPlaywright } from "./install-chromium.ts";
import { withInstallLock } from "./install-lock.ts";
import { defaultCacheDir } from "./repository.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface LocateChromiumOptions {
  /** Default: that of this process. */
  readonly env?: Environment;
  /** Told what is being done when it takes long. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

interface Search {
  readonly env: Environment;
  readonly machine: ChromiumMachine;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal | undefined;
  /** Why each candidate and each way of installing did not do. */
  readonly failures: string[];
}

const namesOnPath = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
] as const;

const versionTimeoutMs = 15_000;

/**
 * The path of a Chromium or Chrome that runs, installed if need be. In this order: `TIDEGATE_CHROMIUM`, PATH,
 * the usual places, Playwright's own browsers; then `apt-get install` where we are root on Debian or a
 * descendant, and Playwright's installer.
 *
 * @throws TestkitError `chromium-missing`, which says of every way why it did not work; also if
 *   `TIDEGATE_CHROMIUM` is set to something that does not run, rather than silently taking another.
 */
export async function locateChromium(
  options: LocateChromiumOptions = {},
  machine: ChromiumMachine = thisMachine(),
): Promise<string> {
  const { env = readEnvironment(), onProgress = () => {}, signal } = options;
  const search: Search = { env, machine, onProgress, signal, failures: [] };

  const chosen = env["TIDEGATE_CHROMIUM"];
  if (chosen) {
    if (await runs(chosen, "TIDEGATE_CHROMIUM", search)) return chosen;
    throw new TestkitError("chromium-missing", search.failures.join("\n"));
  }
  const found = await find(search);
  if (found !== undefined) return found;

  signal?.throwIfAborted();
  const lock = join(defaultCacheDir(env), "chromium.lock");
  const onWait = () => onProgress("waiting for another process that installs Chromium");
  return await withInstallLock(lock, { signal, onWait }, async () => {
    search.failures.length = 0;
    // Whoever held the lock before us may have installed it.
    const path = (await find(search)) ?? (await install(search));
    if (path !== undefined) return path;
    throw new TestkitError("chromium-missing", explain(search.failures));
  });
}

async function find(search: Search): Promise<string | undefined> {
  const { env, machine, failures } = search;
  const before = failures.length;
  for (const name of namesOnPath) {
    for (const path of await findOnPath(name, env)) if (await runs(path, "PATH", search)) return path;
  }
  for (const place of machine.usualPlaces) {
    const path = place.startsWith("~/") ? join(env["HOME"] || homedir(), place.slice(2)) : place;
    if ((await isExecutable(path)) && (await runs(path, "usual places", search))) return path;
  }
  const own = await machine.playwrightBrowser();
  if (own !== undefined && (await isExecutable(own)) && (await runs(own, "Playwright", search))) return own;
  if (failures.length === before) {
    failures.push("search: nothing on PATH, in the usual places or among Playwright's browsers");
  }
  return undefined;
}

async function install({ env, machine, onProgress, signal, failures }: Search): Promise<string | undefined> {
  const ways = {
    "apt-get install chromium": installWithApt,
    "playwright-core install chromium": installWithPlaywright,
  };
  for (const [name, installWith] of Object.entries(ways)) {
    const problems: string[] = [];
    try {
      await installWith({ env, machine, onProgress, signal });
      const path = await find({ env, machine, onProgress, signal, failures: problems });
      if (path !== undefined) return path;
    } catch (error) {
      signal?.throwIfAborted();
      problems.push(describeError(error));
    }
    const failure = `${name}: ${problems.join("; ")}`;
    onProgress(failure);
    failures.push(failure);
  }
  return undefined;
}

/** Whether it prints a browser's version. Ubuntu has a `chromium-browser` that only asks to install a snap. */
async function runs(path: string, source: string, { env, signal, failures }: Search): Promise<boolean> {
  try {
    const printed = await runCommand(path, ["--version"], { env, timeoutMs: versionTimeoutMs, signal });
    if (/\b(?:Chromium|Chrome)\b.* \d+\./.test(printed)) return true;
    failures.push(`${source}: ${path} is no Chromium`);
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`${source}: ${describeError(error)}`);
  }
  return false;
}

function explain(failures: readonly string[]): string {
  return [
    "found no Chromium and could not install one. Do one of these:",
    "  - set TIDEGATE_CHROMIUM to the path of a Chromium or Chrome",
    "  - put chromium, chromium-browser or google-chrome on PATH",
    "  - run as root on Debian, or install the package chromium yourself",
    "  - run npx playwright-core install chromium",
    "What was tried:",
    ...failures.map((failure) => `  - ${failure}`),
  ].join("\n");
}
