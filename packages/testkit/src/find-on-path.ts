import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import type { Environment } from "@tidegate/runtime";

/** Whether this is a file that we may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The absolute path of every executable of this name on PATH, in the order of PATH. */
export async function findOnPath(name: string, env: Environment): Promise<readonly string[]> {
  const found: string[] = [];
  for (const directory of (env["PATH"] ?? "").split(delimiter)) {
    if (directory === "") continue;
    const candidate = resolve(join(directory, name));
    if (await isExecutable(candidate)) found.push(candidate);
  }
  return found;
}
