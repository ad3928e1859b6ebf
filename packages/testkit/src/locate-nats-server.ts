import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { describeError } from "./describe-error.ts";
import { findOnPath, isExecutable } from "./find-on-path.ts";
import { withInstallLock } from "./install-lock.ts";
import { type InstallNatsOptions, installNatsFromRelease, installNatsWithGo } from "./install-nats-server.ts";
import {
  isAcceptedNatsVersion,
  minimumNatsVersion,
  pinnedNatsVersion,
  readNatsVersion,
} from "./nats-server-version.ts";
import { defaultCacheDir } from "./repository.ts";
import { TestkitError } from "./testkit-error.ts";

export interface LocateNatsServerOptions {
  /** Default: that of this process. */
  readonly env?: Environment;
  /** Default: `TIDEGATE_CACHE_DIR`, else `.cache` in the repository. */
  readonly cacheDir?: string;
  /** Told what is being done when it takes long: waiting, downloading, building. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The path of a usable nats-server, installed if need be. In this order:
 *
 * 1. `nats-server` on PATH, 2.12 or newer
 * 2. the cache, `<cacheDir>/nats-server/<version>/<platform>/nats-server`
 * 3. the release archive, where its checksum is known: `TIDEGATE_NATS_RELEASE_BASE` names a mirror,
 *    `TIDEGATE_NATS_RELEASE_SHA256` states a checksum
 * 4. `go install` of the pinned version
 *
 * 3 and 4 put it into the cache; several processes asking at once install once.
 *
 * @throws TestkitError `nats-server-missing`, which says of every way why it did not work.
 */
export async function locateNatsServer(options: LocateNatsServerOptions = {}): Promise<string> {
  const { env = readEnvironment(), onProgress = () => {}, signal } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);
  const failures: string[] = [];

  const onPath = await findOnPath("nats-server", env);
  if (onPath.length === 0) failures.push("PATH: it has no nats-server");
  for (const path of onPath) {
    const problem = await problemWith(path, env);
    if (problem === undefined) return path;
    failures.push(`PATH: ${problem}`);
  }

  const directory = join(cacheDir, "nats-server", pinnedNatsVersion, `${process.platform}-${process.arch}`);
  const target = join(directory, "nats-server");
  if (await isUsable(target, env)) return target;
  failures.push(`cache: there is none at ${target}`);

  signal?.throwIfAborted();
  const onWait = () => onProgress("waiting for another process that installs nats-server");
  return await withInstallLock(join(directory, "lock"), { signal, onWait }, async () => {
    // Whoever held the lock before us may have installed it.
    if (await isUsable(target, env)) return target;
    if (await installed({ env, target, onProgress, signal }, failures)) return target;
    throw new TestkitError("nats-server-missing", explain(failures));
  });
}

async function installed(options: InstallNatsOptions, failures: string[]): Promise<boolean> {
  const ways = { "release archive": installNatsFromRelease, "go install": installNatsWithGo };
  for (const [name, install] of Object.entries(ways)) {
    try {
      await install(options);
      return true;
    } catch (error) {
      options.signal?.throwIfAborted();
      const failure = `${name}: ${describeError(error)}`;
      options.onProgress(failure);
      failures.push(failure);
    }
  }
  return false;
}

async function isUsable(path: string, env: Environment): Promise<boolean> {
  return (await isExecutable(path)) && (await problemWith(path, env)) === undefined;
}

async function problemWith(path: string, env: Environment): Promise<string | undefined> {
  try {
    const version = await readNatsVersion(path, env);
    if (version === undefined) return `${path} does not say its version`;
    if (isAcceptedNatsVersion(version)) return undefined;
    return `${path} is version ${version}, at least ${minimumNatsVersion} is needed`;
  } catch (error) {
    return `${path} does not run: ${describeError(error)}`;
  }
}

function explain(failures: readonly string[]): string {
  return [
    "found no nats-server and could not install one. Do one of these:",
    "  - set NATS_URL to the address of a running server",
    `  - put nats-server ${minimumNatsVersion} or newer on PATH`,
    "  - let the release archive be downloaded: TIDEGATE_NATS_RELEASE_BASE names a mirror,",
    "    TIDEGATE_NATS_RELEASE_SHA256 the checksum to expect",
    `  - install Go, which then builds nats-server ${pinnedNatsVersion}`,
    "What was tried:",
    ...failures.map((failure) => `  - ${failure}`),
  ].join("\n");
}
