import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { defaultCacheDir, findOnPath, runCommand, withInstallLock } from "@tidegate/testkit";
import { exists, say } from "../go-program.ts";

/** An haproxy, and what it has to be run with. */
export interface Haproxy {
  readonly path: string;
  readonly env: Environment;
}

const USUAL_PLACE = "/usr/sbin/haproxy";
const TIMEOUT_MS = 5 * 60_000;

/**
 * Finds haproxy on PATH, in its usual place or in the cache; else takes it out of Debian's package, with the libraries that are not
 * there, into the cache. Nothing is installed: that would start a server.
 *
 * @throws Error or TestkitError that says what is missing.
 */
export async function locateHaproxy(): Promise<Haproxy> {
  const env = readEnvironment();
  const [onPath] = await findOnPath("haproxy", env);
  if (onPath !== undefined) return { path: onPath, env };
  if (await exists(USUAL_PLACE)) return { path: USUAL_PLACE, env };
  const parent = join(defaultCacheDir(env), "haproxy");
  const target = join(parent, `${process.platform}-${process.arch}`);
  if (!(await exists(target))) {
    const onWait = () => say("waiting for another process that unpacks haproxy");
    await withInstallLock(`${target}.lock`, { onWait }, async () => {
      if (!(await exists(target))) await unpackInto(target, parent, env);
    });
  }
  const libraries = await librariesIn(target);
  return {
    path: join(target, "usr/sbin/haproxy"),
    env: { ...env, LD_LIBRARY_PATH: [...libraries, env["LD_LIBRARY_PATH"] ?? ""].filter(Boolean).join(":") },
  };
}

async function unpackInto(target: string, parent: string, env: Environment): Promise<void> {
  await mkdir(parent, { recursive: true });
  const staging = await mkdtemp(join(parent, "staging-"));
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    runCommand(command, args, { env, cwd: staging, timeoutMs: TIMEOUT_MS });
  const download = async (name: string): Promise<string> => {
    // A new machine has no lists of packages, and an old one may know only versions that are gone.
    await run("apt-get", "download", name).catch(async () => {
      await run("apt-get", "update");
      await run("apt-get", "download", name);
    });
    const archive = (await readdir(staging)).find((file) => file.startsWith(`${name}_`));
    if (archive === undefined) throw new Error(`apt-get left no package ${name}`);
    return archive;
  };
  const isInstalled = (name: string): Promise<boolean> =>
    run("dpkg-query", "--show", "--showformat", "$" + "{db:Status-Abbrev}", name).then(
      (status) => status.startsWith("ii"),
      () => false,
    );
  try {
    say("taking haproxy out of Debian's package");
    const wanted = ["haproxy"];
    // It grows while it is gone through: libraries need others.
    for (const name of wanted) {
      const archive = await download(name);
      await run("dpkg-deb", "--extract", archive, "unpacked");
      for (const library of libraryNames(await run("dpkg-deb", "--field", archive, "Depends"))) {
        if (!wanted.includes(library) && !(await isInstalled(library))) wanted.push(library);
      }
    }
    await rename(join(staging, "unpacked"), target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Of the packages that one depends on, those that are libraries; of several to choose from, the first. */
export function libraryNames(depends: string): readonly string[] {
  return depends
    .split(",")
    .map((one) => one.trim().split(/[\s|(:]/)[0] ?? "")
    .filter((name) => name.startsWith("lib"));
}

async function librariesIn(root: string): Promise<readonly string[]> {
  const folder = join(root, "usr/lib");
  if (!(await exists(folder))) return [];
  return (await readdir(folder)).filter((name) => name.includes("-linux-")).map((name) => join(folder, name));
}
