import { join } from "node:path";
import type { Environment } from "@tidegate/runtime";
import { runCommand } from "./run-command.ts";

export interface InstallWithGoOptions {
  /** The Go toolchain. */
  readonly go: string;
  /** What the file is called that Go makes. */
  readonly program: string;
  /**
   * What `go install` takes, with the version: `example.com/cmd/program@v1.2.3`; without it where `directory` has a `go.mod`, which
   * says the version.
   */
  readonly module: string;
  /** Further flags of `go install`. */
  readonly flags?: readonly string[] | undefined;
  /** For people who wait: the program with its version, and how long two cores take. */
  readonly title: string;
  readonly takes: string;
  /** Where the file goes, a directory that is empty but for a `go.mod`. */
  readonly directory: string;
  readonly env: Environment;
  readonly timeoutMs: number;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const HEARTBEAT_MS = 10_000;

/**
 * Builds a program from its sources. Only Go's own module and build caches are written to besides.
 *
 * @returns the path of the program.
 * @throws TestkitError `process-failed`; the reason of `signal` when it aborts.
 */
export async function installWithGo(options: InstallWithGoOptions): Promise<string> {
  const { go, program, module, title, takes, directory, env, timeoutMs, onProgress, signal } = options;
  const startedAt = performance.now();
  const what = `building ${title} with Go`;
  onProgress(`${what}, which takes about ${takes}`);
  const heartbeat = setInterval(() => {
    onProgress(`${what}: ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, HEARTBEAT_MS);
  try {
    await runCommand(go, ["install", ...(options.flags ?? []), module], {
      // A target platform other than this one makes Go refuse GOBIN; without cgo no C compiler is needed.
      env: { ...env, GOBIN: directory, GOOS: undefined, GOARCH: undefined, CGO_ENABLED: "0" },
      cwd: directory,
      timeoutMs,
      signal,
    });
  } finally {
    clearInterval(heartbeat);
  }
  return join(directory, program);
}
