import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "@tidegate/runtime";

/** The root of the working copy; `src` and `dist` lie equally deep. */
export const repositoryRoot = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Where downloaded and built tools are kept: `TIDEGATE_CACHE_DIR`, else `.cache` in the repository. Safe to
 * delete when nothing runs.
 */
export function defaultCacheDir(env: Environment): string {
  return env["TIDEGATE_CACHE_DIR"] || join(repositoryRoot, ".cache");
}
