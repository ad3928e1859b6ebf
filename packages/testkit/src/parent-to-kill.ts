import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NodeProcess, spawnNode } from "./spawn-node.ts";

export interface ParentToKill extends AsyncDisposable {
  /** What the module printed as its one line of JSON, once it did. */
  readonly report: Promise<Readonly<Record<string, unknown>>>;
  readonly process: NodeProcess;
}

/**
 * Runs the text of a module in another process, for tests of what remains of its children when it dies. The
 * module imports by absolute address (`import.meta.resolve` in the test) and prints one line of JSON.
 */
export async function startParentToKill(moduleText: string): Promise<ParentToKill> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-parent-"));
  const file = join(directory, "parent.mts");
  await writeFile(file, moduleText);
  // What others leave behind when they are killed goes with the directory.
  const parent = await spawnNode(file, { env: { TMPDIR: directory } });
  const report = parent.waitForLine(/^\{/).then((line) => JSON.parse(line) as Record<string, unknown>);
  report.catch(() => {});
  return {
    process: parent,
    report,
    [Symbol.asyncDispose]: async () => {
      await parent.stop("SIGKILL");
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
