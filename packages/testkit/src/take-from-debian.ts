import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { findOnPath } from "./find-on-path.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface TakeFromDebianOptions {
  readonly env: Environment;
  readonly packageName: string;
  /** Where the program is in the package: `usr/sbin/nginx`. */
  readonly program: string;
  /** Where it goes. */
  readonly target: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const downloadTimeoutMs = 5 * 60_000;
const unpackTimeoutMs = 60_000;

/**
 * Takes a program out of Debian's package. The package itself is not installed: that would start a server. The libraries that
 * the program needs must be there; those of nginx and of Prometheus' tools come with git and Node.
 *
 * @throws TestkitError `install-failed` or `process-failed`; the reason of `signal` when it aborts.
 */
export async function takeFromDebian(options: TakeFromDebianOptions): Promise<void> {
  const { env, packageName, program, target, onProgress, signal } = options;
  const [aptGet] = await findOnPath("apt-get", env);
  const [dpkgDeb] = await findOnPath("dpkg-deb", env);
  if (aptGet === undefined || dpkgDeb === undefined) {
    throw new TestkitError("install-failed", "there is no apt-get or no dpkg-deb");
  }
  const directory = await mkdtemp(join(tmpdir(), `tidegate-${packageName}-`));
  const run = (command: string, args: readonly string[], timeoutMs: number) =>
    runCommand(command, args, { env, cwd: directory, timeoutMs, signal });
  try {
    onProgress(`downloading ${packageName} with apt-get`);
    try {
      await run(aptGet, ["download", packageName], downloadTimeoutMs);
    } catch {
      signal?.throwIfAborted();
      // A new machine has no lists of packages, and an old one may know only versions that are gone.
      await run(aptGet, ["update"], downloadTimeoutMs);
      await run(aptGet, ["download", packageName], downloadTimeoutMs);
    }
    const archive = (await readdir(directory)).find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new TestkitError("install-failed", "apt-get download left no package");
    await run(dpkgDeb, ["--extract", archive, "unpacked"], unpackTimeoutMs);
    await mkdir(dirname(target), { recursive: true });
    // First beside the target: the directory for temporary files may be another file system.
    const draft = join(dirname(target), `${basename(target)}.${process.pid}`);
    await run("cp", [join("unpacked", program), draft], unpackTimeoutMs);
    await rename(draft, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
