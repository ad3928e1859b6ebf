import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { defaultCacheDir, findOnPath, makeOnce, runCommand } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";

export interface BuildDrainOptions {
  /** Default: that of this process. */
  readonly env?: Environment;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

const SOURCE = fileURLToPath(new URL("drain.c", import.meta.url));
const FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror=implicit-function-declaration"] as const;
const BUILD_TIMEOUT_MS = 120_000;

/**
 * The path of the client program, compiled first unless this very source was before. Kept in the cache of the repository.
 *
 * @throws LoadTestError `tool_missing` where there is no C compiler, or no epoll; TestkitError `process-failed` with what the
 *   compiler said.
 */
export async function buildDrain(options: BuildDrainOptions = {}): Promise<string> {
  const { env = readEnvironment(), onProgress = () => {}, signal } = options;
  if (process.platform !== "linux") {
    throw new LoadTestError("tool_missing", `drain needs epoll, which ${process.platform} does not have`);
  }
  const source = await readFile(SOURCE);
  const id = createHash("sha256").update(FLAGS.join(" ")).update(source).digest("hex").slice(0, 16);
  const target = join(defaultCacheDir(env), "drain", `${id}-${process.arch}`, "drain");
  return await makeOnce(target, { signal }, async (staging) => {
    const [compiler] = await findOnPath("cc", env);
    if (compiler === undefined) {
      throw new LoadTestError(
        "tool_missing",
        "there is no C compiler: put cc on PATH (Debian and Ubuntu: apt-get install gcc libc6-dev; Alpine: apk add gcc musl-dev)",
      );
    }
    onProgress("compiling the native client");
    const binary = join(staging, "drain");
    await runCommand(compiler, [...FLAGS, "-o", binary, SOURCE], {
      env,
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
    });
    return binary;
  });
}
