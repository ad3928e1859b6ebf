import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir, findOnPath, readEnvironment, runCommand, withInstallLock } from "@tidegate/testkit";

/** A program that is built from its sources where it is not there. */
export interface GoProgram {
  readonly name: string;
  /** What `go install` takes, without the version. */
  readonly package: string;
  readonly version: string;
  /** How long building takes on two cores, for people who wait: "half a minute". */
  readonly takes: string;
}

/** Half a minute on two idle cores; machines that others use too are slow. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const HEARTBEAT_MS = 10_000;

export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** The Go toolchain on PATH. @throws Error that says what needs it. */
export async function locateGo(purpose: string): Promise<string> {
  const [go] = await findOnPath("go", readEnvironment());
  if (go === undefined) throw new Error(`${purpose} needs Go on PATH, and there is none`);
  return go;
}

/**
 * The path of the pinned version of a program, built into the cache first if need be. Never one from PATH: what it makes of
 * manifests differs from version to version.
 *
 * @throws Error that says how to get it.
 */
export async function locateGoProgram(program: GoProgram): Promise<string> {
  const { name, version } = program;
  const env = readEnvironment();
  const directory = join(defaultCacheDir(env), name, version, `${process.platform}-${process.arch}`);
  const target = join(directory, name);
  if (await exists(target)) return target;
  const go = await locateGo(`building ${name} ${version}`);
  const onWait = () => say(`waiting for another process that builds ${name}`);
  return await withInstallLock(join(directory, "lock"), { onWait }, async () => {
    if (!(await exists(target))) await build(go, program, directory, target);
    return target;
  });
}

async function build(go: string, program: GoProgram, directory: string, target: string): Promise<void> {
  const { name, version } = program;
  await mkdir(directory, { recursive: true });
  const staging = await mkdtemp(join(directory, "staging-"));
  const startedAt = performance.now();
  say(`building ${name} ${version} with Go, which takes about ${program.takes}`);
  const heartbeat = setInterval(() => {
    say(`building ${name} ${version}: ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, HEARTBEAT_MS);
  try {
    await runCommand(go, ["install", `${program.package}@${version}`], {
      // A target platform other than this one makes Go refuse GOBIN; without cgo no C compiler is needed.
      env: { ...readEnvironment(), GOBIN: staging, GOOS: undefined, GOARCH: undefined, CGO_ENABLED: "0" },
      cwd: staging,
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    // In one step, so that whoever finds it finds a whole one.
    await rename(join(staging, name), target);
  } finally {
    clearInterval(heartbeat);
    await rm(staging, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
