import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir, findOnPath, installWithGo, makeOnce, readEnvironment } from "@tidegate/testkit";

/** A program that is built from its sources where it is not there. */
export interface GoProgram {
  readonly name: string;
  /** What `go install` takes, without the version. */
  readonly package: string;
  /** What it makes of that. Default: the name. */
  readonly executable?: string;
  readonly version: string;
  /**
   * The text of a `go.mod` that requires the version, for packages that `go install` refuses by themselves because their own module
   * replaces others.
   */
  readonly goMod?: (go: string, directory: string) => Promise<string>;
  /** Further flags of `go install`. */
  readonly flags?: readonly string[];
  /** How long building takes on two cores, for people who wait: "half a minute". */
  readonly takes: string;
}

/** Six minutes on two idle cores for the largest; machines that others use too are slow. */
const BUILD_TIMEOUT_MS = 60 * 60_000;

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
 * @throws Error that says how to get it; the reason of `signal` when it aborts.
 */
export async function locateGoProgram(program: GoProgram, signal?: AbortSignal): Promise<string> {
  const { name, version, takes, executable = name } = program;
  const title = `${name} ${version}`;
  const env = readEnvironment();
  const target = join(defaultCacheDir(env), name, version, `${process.platform}-${process.arch}`, name);
  const onWait = () => say(`waiting for another process that builds ${name}`);
  return await makeOnce(target, { onWait, signal }, async (staging) => {
    const go = await locateGo(`building ${title}`);
    if (program.goMod !== undefined) {
      await writeFile(join(staging, "go.mod"), await program.goMod(go, staging));
    }
    return await installWithGo({
      go,
      program: executable,
      module: program.goMod === undefined ? `${program.package}@${version}` : program.package,
      flags: program.goMod === undefined ? program.flags : ["-mod=mod", ...(program.flags ?? [])],
      title,
      takes,
      directory: staging,
      env,
      timeoutMs: BUILD_TIMEOUT_MS,
      onProgress: say,
      signal,
    });
  });
}
