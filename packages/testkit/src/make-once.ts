import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type InstallLockOptions, withInstallLock } from "./install-lock.ts";

/**
 * A file or folder of the cache, made first if it is not there; by one process, if several ask at once.
 *
 * @param make is given an empty directory beside the target, and returns the path of what it has made there. What it throws is thrown.
 * @returns `target`
 */
export async function makeOnce(
  target: string,
  options: Pick<InstallLockOptions, "signal" | "onWait">,
  make: (staging: string) => Promise<string>,
): Promise<string> {
  if (await exists(target)) {
    return target;
  }
  return await withInstallLock(join(dirname(target), "lock"), options, async () => {
    if (await exists(target)) {
      return target;
    }
    const staging = await mkdtemp(join(dirname(target), "staging-"));
    try {
      // In one step, so that whoever finds it finds a whole one.
      await rename(await make(staging), target);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
    return target;
  });
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
