import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { describeError } from "./describe-error.ts";
import { findOnPath, isExecutable } from "./find-on-path.ts";
import { withInstallLock } from "./install-lock.ts";
import { defaultCacheDir } from "./repository.ts";
import { runCommand } from "./run-command.ts";
import { takeFromDebian } from "./take-from-debian.ts";
import { TestkitError } from "./testkit-error.ts";

export interface LocateNginxOptions {
  /** Default: that of this process. */
  readonly env?: Environment;
  /** Default: `TIDEGATE_CACHE_DIR`, else `.cache` in the repository. */
  readonly cacheDir?: string;
  /** Tried after PATH, which seldom holds the directories of servers. */
  readonly usualPlaces?: readonly string[];
  /** Told what is being done when it takes long. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

const debianPlaces = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"] as const;
const versionTimeoutMs = 15_000;

/**
 * The path of an nginx that runs, installed if need be. In this order: `TIDEGATE_NGINX`, PATH, the usual places, the
 * cache; then out of Debian's package into the cache, which needs no root where package lists are there.
 *
 * @throws TestkitError `nginx-missing`, which says of every way why it did not work; also if `TIDEGATE_NGINX` is
 *   set to something that does not run, rather than silently taking another.
 */
export async function locateNginx(options: LocateNginxOptions = {}): Promise<string> {
  const { env = readEnvironment(), usualPlaces = debianPlaces, onProgress = () => {}, signal } = options;
  const failures: string[] = [];
  const chosen = env["TIDEGATE_NGINX"];
  if (chosen) {
    const problem = await problemWith(chosen, env, signal);
    if (problem === undefined) return chosen;
    throw new TestkitError("nginx-missing", `TIDEGATE_NGINX: ${problem}`);
  }
  const directory = join(options.cacheDir ?? defaultCacheDir(env), "nginx");
  const target = join(directory, `${process.platform}-${process.arch}`, "nginx");
  const find = async (): Promise<string | undefined> => {
    for (const path of [...(await findOnPath("nginx", env)), ...usualPlaces, target]) {
      if (!(await isExecutable(path))) continue;
      const problem = await problemWith(path, env, signal);
      if (problem === undefined) return path;
      failures.push(problem);
    }
    return undefined;
  };
  const found = await find();
  if (found !== undefined) return found;

  signal?.throwIfAborted();
  const onWait = () => onProgress("waiting for another process that installs nginx");
  return await withInstallLock(join(directory, "lock"), { signal, onWait }, async () => {
    failures.length = 0;
    // Whoever held the lock before us may have installed it.
    const other = await find();
    if (other !== undefined) return other;
    try {
      await takeFromDebian({
        env,
        packageName: "nginx",
        program: "usr/sbin/nginx",
        target,
        onProgress,
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(`Debian's package: ${describeError(error)}`);
    }
    const installed = await find();
    if (installed !== undefined) return installed;
    throw new TestkitError("nginx-missing", explain(failures));
  });
}

/** Why it does not do; `undefined` if it prints nginx's version. */
async function problemWith(
  path: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const printed: string[] = [];
  try {
    // The version goes to the error output.
    const onLine = (line: string) => printed.push(line);
    await runCommand(path, ["-v"], { env, timeoutMs: versionTimeoutMs, signal, onLine });
  } catch (error) {
    signal?.throwIfAborted();
    return `${path} does not run: ${describeError(error)}`;
  }
  return /^nginx version: /m.test(printed.join("\n")) ? undefined : `${path} is no nginx`;
}

function explain(failures: readonly string[]): string {
  return [
    "found no nginx and could not install one. Do one of these:",
    "  - set TIDEGATE_NGINX to the path of an nginx",
    "  - put nginx on PATH",
    "  - let Debian's package be downloaded: apt-get and dpkg-deb must be there",
    "What was tried:",
    ...(failures.length === 0 ? ["nothing on PATH and in the usual places"] : failures).map(
      (failure) => `  - ${failure}`,
    ),
  ].join("\n");
}
