import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { defaultCacheDir, makeOnce, readEnvironment, runCommand } from "@tidegate/testkit";
import { locateGo, say } from "./go-program.ts";
import { textAt } from "./manifest.ts";

/** A version of a module, and what Go makes of all of its files. */
export interface GoModule {
  /** `example.com/module@v1.2.3` */
  readonly module: string;
  /** `h1:` and so on, as in a go.sum. */
  readonly sum: string;
}

export interface GoModuleFiles extends GoModule {
  /** Paths inside of the module. */
  readonly files: readonly string[];
}

const TIMEOUT_MS = 5 * 60_000;

/**
 * Has Go download a module into its own cache.
 *
 * @returns where its files and its go.mod are.
 * @throws Error if it is not what it was when it was pinned.
 */
export async function downloadModule(
  go: string,
  { module, sum }: GoModule,
  cwd: string,
): Promise<{ readonly directory: string; readonly goMod: string }> {
  const said = await runCommand(go, ["mod", "download", "-json", module], {
    env: readEnvironment(),
    cwd,
    timeoutMs: TIMEOUT_MS,
  });
  const downloaded: unknown = JSON.parse(said);
  if (textAt(downloaded, "Sum") !== sum) throw new Error(`${module} is not what it was when it was pinned`);
  return { directory: textAt(downloaded, "Dir"), goMod: textAt(downloaded, "GoMod") };
}

/**
 * The texts of some files of a module, fetched into the cache first if need be.
 *
 * @throws Error if Go is missing then, or the module is not what it was.
 */
export async function readModuleFiles(source: GoModuleFiles): Promise<readonly string[]> {
  const { module, files } = source;
  const digest = createHash("sha256").update(JSON.stringify(source)).digest("hex").slice(0, 16);
  const target = join(defaultCacheDir(readEnvironment()), "module-files", digest);
  const onWait = () => say(`waiting for another process that fetches ${module}`);
  await makeOnce(target, { onWait }, async (staging) => {
    say(`fetching ${module}`);
    const { directory } = await downloadModule(await locateGo(`fetching ${module}`), source, staging);
    const texts = join(staging, "texts");
    await mkdir(texts);
    for (const file of files)
      await writeFile(join(texts, basename(file)), await readFile(join(directory, file)));
    return texts;
  });
  return await Promise.all(files.map((file) => readFile(join(target, basename(file)), "utf8")));
}
