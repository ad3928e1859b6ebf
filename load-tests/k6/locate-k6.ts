import { join } from "node:path";
import { type Environment, readEnvironment } from "@tidegate/runtime";
import { defaultCacheDir, findOnPath, installWithGo, makeOnce, runCommand } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";

export interface LocateK6Options {
  /** Default: that of this process. */
  readonly env?: Environment;
  /** Told what is being done when it takes long. */
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

export const PINNED_K6 = "1.8.1";
/** The first that has `k6/websockets`. */
const MINIMUM_K6 = [1, 6] as const;
/** What is written for 2 and later has not been tried. */
const MAJOR_K6 = 1;

const VERSION_TIMEOUT_MS = 15_000;
/** Two to three minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/**
 * The path of a usable k6: one on PATH (1.6 or newer), else the pinned version from the cache, into which it is
 * built by `go install` first where Go is present. Several processes asking at once build once.
 *
 * @throws LoadTestError `tool_missing`, which says how to get it.
 */
export async function locateK6(options: LocateK6Options = {}): Promise<string> {
  const { env = readEnvironment(), onProgress = () => {}, signal } = options;
  const failures: string[] = [];
  for (const path of await findOnPath("k6", env)) {
    const version = await readK6Version(path, env);
    if (version !== undefined && isAcceptedK6(version)) {
      return path;
    }
    failures.push(`${path} is version ${version ?? "unknown"}, 1.${MINIMUM_K6[1]} to before 2 is needed`);
  }
  const target = join(defaultCacheDir(env), "k6", PINNED_K6, `${process.platform}-${process.arch}`, "k6");
  const onWait = (): void => onProgress("waiting for another process that builds k6");
  return await makeOnce(target, { signal, onWait }, async (staging) => {
    const [go] = await findOnPath("go", env);
    if (go === undefined) {
      throw new LoadTestError("tool_missing", explain([...failures, "Go is not on PATH either"]));
    }
    try {
      return await installWithGo({
        go,
        program: "k6",
        module: `go.k6.io/k6@v${PINNED_K6}`,
        title: `k6 ${PINNED_K6}`,
        takes: "two or three minutes",
        directory: staging,
        env,
        timeoutMs: BUILD_TIMEOUT_MS,
        onProgress,
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new LoadTestError("tool_missing", explain([...failures, reason]), { cause: error });
    }
  });
}

/** `undefined` if it does not say. */
async function readK6Version(path: string, env: Environment): Promise<string | undefined> {
  const said = await runCommand(path, ["version"], { env, timeoutMs: VERSION_TIMEOUT_MS }).catch(() => "");
  return parseK6Version(said);
}

/** Of what `k6 version` prints. */
export function parseK6Version(said: string): string | undefined {
  return /^k6(?:\.exe)? v(\d+\.\d+\.\d+)/m.exec(said)?.[1];
}

export function isAcceptedK6(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === MAJOR_K6 && minor >= MINIMUM_K6[1];
}

function explain(failures: readonly string[]): string {
  return [
    "there is no usable k6. Do one of these:",
    `  - put k6 ${PINNED_K6} on PATH (load-tests/README.md says how on each platform)`,
    `  - install Go, which then builds it`,
    ...failures.map((failure) => `  (${failure})`),
  ].join("\n");
}
