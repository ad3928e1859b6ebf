import { join } from "node:path";
import { isExecutable } from "./find-on-path.ts";
import { repositoryRoot } from "./repository.ts";

/**
 * The Node that the repository pins as a package, else the one that runs us. They differ when a test runner was
 * started by a Node of the machine.
 */
export async function pinnedNodePath(): Promise<string> {
  const pinned = join(repositoryRoot, "node_modules", "node", "bin", "node");
  return (await isExecutable(pinned)) ? pinned : process.execPath;
}
