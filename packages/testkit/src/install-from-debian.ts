import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import type { DebianProgram } from "./debian-program.ts";
import { findOnPath } from "./find-on-path.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface InstallFromDebianOptions {
  readonly program: Pick<DebianProgram, "name" | "packageName" | "directory">;
  readonly env: Environment;
  /** Where the program goes. */
  readonly target: string;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

const downloadTimeoutMs = 5 * 60_000;
const unpackTimeoutMs = 60_000;
const queryTimeoutMs = 15_000;

/**
 * Takes a program out of Debian's package, with the libraries that the machine lacks. The packages themselves are not
 * installed: that would need root, and start a server on port 80.
 *
 * @throws TestkitError `install-failed` or `process-failed`; the reason of `signal` when it aborts.
 */
export async function installFromDebian(options: InstallFromDebianOptions): Promise<void> {
  const { program, env, target, onProgress } = options;
  const { name, packageName } = program;
  const [aptGet] = await findOnPath("apt-get", env);
  const [dpkgDeb] = await findOnPath("dpkg-deb", env);
  if (aptGet === undefined || dpkgDeb === undefined) {
    throw new TestkitError("install-failed", "there is no apt-get or no dpkg-deb");
  }
  const directory = await mkdtemp(join(tmpdir(), `tidegate-${name}-`));
  try {
    onProgress(`downloading ${packageName} with apt-get`);
    const debian = new DebianPackages(options, directory, aptGet, dpkgDeb);
    const needed = await debian.unpack(packageName);
    const libraries = await debian.unpackLibraries(needed);
    await mkdir(dirname(target), { recursive: true });
    await install(join(directory, unpackedName, program.directory, name), libraries, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const unpackedName = "unpacked";

class DebianPackages {
  readonly #options: InstallFromDebianOptions;
  readonly #directory: string;
  readonly #aptGet: string;
  readonly #dpkgDeb: string;

  constructor(options: InstallFromDebianOptions, directory: string, aptGet: string, dpkgDeb: string) {
    this.#options = options;
    this.#directory = directory;
    this.#aptGet = aptGet;
    this.#dpkgDeb = dpkgDeb;
  }

  /** Adds what is in a package to what is unpacked; returns the libraries that it needs. */
  async unpack(name: string): Promise<readonly string[]> {
    try {
      await this.#run(this.#aptGet, ["download", name], downloadTimeoutMs);
    } catch {
      this.#options.signal?.throwIfAborted();
      // A new machine has no lists of packages, and an old one may know only versions that are gone.
      await this.#run(this.#aptGet, ["update"], downloadTimeoutMs);
      await this.#run(this.#aptGet, ["download", name], downloadTimeoutMs);
    }
    const files = await readdir(this.#directory);
    const archive = files.find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
    if (archive === undefined) {
      throw new TestkitError("install-failed", `apt-get download left no package ${name}`);
    }
    await this.#run(this.#dpkgDeb, ["--extract", archive, unpackedName], unpackTimeoutMs);
    return librariesIn(await this.#run(this.#dpkgDeb, ["--field", archive, "Depends"], queryTimeoutMs));
  }

  /** Unpacks those that the machine lacks, and what they need in turn. Returns the directories that hold libraries. */
  async unpackLibraries(names: readonly string[]): Promise<readonly string[]> {
    const open = [...names];
    const seen = new Set(open);
    let unpacked = 0;
    for (let name = open.shift(); name !== undefined; name = open.shift()) {
      if (await this.#isInstalled(name)) continue;
      unpacked += 1;
      for (const needed of await this.unpack(name)) {
        if (seen.has(needed)) continue;
        seen.add(needed);
        open.push(needed);
      }
    }
    return unpacked === 0 ? [] : await this.#libraryDirectories();
  }

  async #isInstalled(name: string): Promise<boolean> {
    const { env } = this.#options;
    const [dpkgQuery] = await findOnPath("dpkg-query", env);
    if (dpkgQuery === undefined) throw new TestkitError("install-failed", "there is no dpkg-query");
    try {
      const arguments_ = ["--show", "--showformat", `\${db:Status-Status}\n`, name];
      return (await this.#run(dpkgQuery, arguments_, queryTimeoutMs)).split("\n").includes("installed");
    } catch {
      // It has never heard of it.
      this.#options.signal?.throwIfAborted();
      return false;
    }
  }

  async #libraryDirectories(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const root of [join("usr", "lib"), "lib"]) {
      const path = join(this.#directory, unpackedName, root);
      const names = await readdir(path).catch(() => []);
      found.push(...names.filter((name) => name.includes("-linux-")).map((name) => join(path, name)));
    }
    return found;
  }

  #run(command: string, arguments_: readonly string[], timeoutMs: number): Promise<string> {
    const { env, signal } = this.#options;
    return runCommand(command, arguments_, { env, cwd: this.#directory, timeoutMs, signal });
  }
}

/** First all beside the target: the directory for temporary files may be another file system. */
async function install(program: string, libraries: readonly string[], target: string): Promise<void> {
  const draft = `${target}.${process.pid}`;
  await cp(program, draft);
  await chmod(draft, 0o755);
  if (libraries.length > 0) {
    const directory = `${target}-libraries`;
    await rm(directory, { recursive: true, force: true });
    for (const source of libraries) {
      await cp(source, directory, { recursive: true, verbatimSymlinks: true });
    }
    await rename(draft, `${target}-program`);
    const here = `"\${0%/*}"`;
    const lines = [
      "#!/bin/sh",
      `export LD_LIBRARY_PATH=${here}/${basename(directory)}`,
      `exec ${here}/${basename(target)}-program "$@"`,
    ];
    await writeFile(draft, `${lines.join("\n")}\n`, { mode: 0o755 });
  }
  await rename(draft, target);
}

/** Of several that would do the first; those that are virtual or for other machines are not downloaded by name. */
function librariesIn(depends: string): readonly string[] {
  return depends
    .split(",")
    .map((choice) => /^\s*([a-z0-9.+-]+)/.exec(choice)?.[1] ?? "")
    .filter((name) => name.startsWith("lib"));
}
