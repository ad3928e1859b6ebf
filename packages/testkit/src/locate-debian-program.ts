import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import type { DebianProgram } from "./debian-program.ts";
import { describeError } from "./describe-error.ts";
import { findOnPath, isExecutable } from "./find-on-path.ts";
import { installFromDebian } from "./install-from-debian.ts";
import { makeOnce } from "./make-once.ts";
import { defaultCacheDir } from "./repository.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface LocateDebianProgramOptions {
  /** Default: that of this process. */
  readonly env?: Environment;
  /** Default: `TIDEGATE_CACHE_DIR`, else `.cache` in the repository. */
  readonly cacheDir?: string;
  /** Default: those of the program. */
  readonly usualPlaces?: readonly string[];
  /** Told what is being done when it takes long. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

const versionTimeoutMs = 15_000;

/**
 * The path of a program that runs, installed if need be. In this order: its variable, PATH, the usual places, the cache; then
 * out of Debian's package into the cache, which needs no root where package lists are there.
 *
 * @throws TestkitError `missing` of the program, which says of every way why it did not work; also if its variable is set
 *   to something that does not run, rather than silently taking another.
 */
export async function locateDebianProgram(
  program: DebianProgram,
  options: LocateDebianProgramOptions = {},
): Promise<string> {
  const { name, variable, missing } = program;
  const { env = readEnvironment(), usualPlaces = program.usualPlaces } = options;
  const { onProgress = () => {}, signal } = options;
  const failures: string[] = [];
  const chosen = env[variable];
  if (chosen) {
    const problem = await problemWith(program, chosen, env, signal);
    if (problem === undefined) return chosen;
    throw new TestkitError(missing, `${variable}: ${problem}`);
  }
  const directory = join(
    options.cacheDir ?? defaultCacheDir(env),
    name,
    `${process.platform}-${process.arch}`,
  );
  const target = join(directory, name);
  for (const path of [...(await findOnPath(name, env)), ...usualPlaces, target]) {
    if (!(await isExecutable(path))) continue;
    const problem = await problemWith(program, path, env, signal);
    if (problem === undefined) return path;
    failures.push(problem);
  }

  signal?.throwIfAborted();
  // What is there was made for another machine, for this one as it was, or not to its end.
  await rm(directory, { recursive: true, force: true });
  const onWait = () => onProgress(`waiting for another process that installs ${name}`);
  try {
    await makeOnce(directory, { signal, onWait }, async (staging) => {
      const made = await installFromDebian({ program, env, directory: staging, onProgress, signal });
      const problem = await problemWith(program, join(made, name), env, signal);
      if (problem === undefined) return made;
      throw new TestkitError("install-failed", problem);
    });
    return target;
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`Debian's package: ${describeError(error)}`);
    throw new TestkitError(missing, explain(program, failures));
  }
}

/** Why it does not do; `undefined` if it prints its version. */
async function problemWith(
  { name, versionArgument, version }: DebianProgram,
  path: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const printed: string[] = [];
  try {
    // Some print it to the error output.
    const onLine = (line: string) => printed.push(line);
    await runCommand(path, [versionArgument], { env, timeoutMs: versionTimeoutMs, signal, onLine });
  } catch (error) {
    signal?.throwIfAborted();
    return `${path} does not run: ${describeError(error)}`;
  }
  return version.test(printed.join("\n")) ? undefined : `${path} is no ${name}`;
}

function explain({ name, variable }: DebianProgram, failures: readonly string[]): string {
  return [
    `found no ${name} and could not install one. Do one of these:`,
    `  - set ${variable} to the path of an ${name}`,
    `  - put ${name} on PATH`,
    "  - let Debian's package be downloaded: apt-get and dpkg-deb must be there",
    "What was tried:",
    ...(failures.length === 0 ? ["nothing on PATH and in the usual places"] : failures).map(
      (failure) => `  - ${failure}`,
    ),
  ].join("\n");
}
