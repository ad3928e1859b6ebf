import { chmod, cp, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import type { DebianProgram } from "./debian-program.ts";
import { findOnPath } from "./find-on-path.ts";
import { runCommand } from "./run-command.ts";
import { TestkitError } from "./testkit-error.ts";

export interface InstallFromDebianOptions {
  readonly program: Pick<DebianProgram, "name" | "packageName" | "directory">;
  readonly env: Environment;
  /** Empty, and removed by whoever calls. */
  readonly directory: string;
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
 * @returns the path of a directory that holds the program under its name, and may be moved elsewhere as a whole.
 * @throws TestkitError `install-failed` or `process-failed`; the reason of `signal` when it aborts.
 */
export async function installFromDebian(options: InstallFromDebianOptions): Promise<string> {
  const { program, env, directory, onProgress } = options;
  const { name, packageName } = program;
  const [aptGet] = await findOnPath("apt-get", env);
  const [dpkgDeb] = await findOnPath("dpkg-deb", env);
  if (aptGet === undefined || dpkgDeb === undefined) {
    throw new TestkitError("install-failed", "there is no apt-get or no dpkg-deb");
  }
  onProgress(`downloading ${packageName} with apt-get`);
  const debian = new DebianPackages(options, aptGet, dpkgDeb);
  const needed = await debian.unpack(packageName);
  const libraries = await debian.unpackLibraries(needed);
  const made = join(directory, "made");
  await mkdir(made);
  await assemble(join(directory, unpackedName, program.directory, name), libraries, join(made, name));
  return made;
}

const unpackedName = "unpacked";

class DebianPackages {
  readonly #options: InstallFromDebianOptions;
  readonly #aptGet: string;
  readonly #dpkgDeb: string;

  constructor(options: InstallFromDebianOptions, aptGet: string, dpkgDeb: string) {
    this.#options = options;
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
    const files = await readdir(this.#options.directory);
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
      const path = join(this.#options.directory, unpackedName, root);
      const names = await readdir(path).catch(() => []);
      found.push(...names.filter((name) => name.includes("-linux-")).map((name) => join(path, name)));
    }
    return found;
  }

  #run(command: string, arguments_: readonly string[], timeoutMs: number): Promise<string> {
    const { env, directory, signal } = this.#options;
    return runCommand(command, arguments_, { env, cwd: directory, timeoutMs, signal });
  }
}

async function assemble(program: string, libraries: readonly string[], target: string): Promise<void> {
  if (libraries.length === 0) {
    await rename(program, target);
    await chmod(target, 0o755);
    return;
  }
  for (const source of libraries) {
    await cp(source, `${target}-libraries`, { recursive: true, verbatimSymlinks: true });
  }
  await rename(program, `${target}-program`);
  await chmod(`${target}-program`, 0o755);
  const lines = ["#!/bin/sh", `export LD_LIBRARY_PATH="$0-libraries"`, `exec "$0-program" "$@"`];
  await writeFile(target, `${lines.join("\n")}\n`, { mode: 0o755 });
}

/** Of several that would do the first; those that are virtual or for other machines are not downloaded by name. */
function librariesIn(depends: string): readonly string[] {
  return depends
    .split(",")
    .map((choice) => /^\s*([a-z0-9.+-]+)/.exec(choice)?.[1] ?? "")
    .filter((name) => name.startsWith("lib"));
}
