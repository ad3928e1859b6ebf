import type { Environment } from "@tidegate/runtime";
import { endProcess } from "./end-process.ts";
import { type OutputStream, supervise } from "./supervise.ts";
import { TestkitError } from "./testkit-error.ts";

export interface RunCommandOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly timeoutMs: number;
  readonly onLine?: (line: string, stream: OutputStream) => void;
  readonly signal?: AbortSignal | undefined;
}

/** As much of the output as an error message can bear. */
const outputTailLines = 20;

/**
 * Runs a command to its end; it dies with us. Returns what it printed on standard output.
 *
 * @throws TestkitError `process-failed` with the end of its output if it failed or took too long; the reason of
 *   `signal` when it aborts.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: RunCommandOptions,
): Promise<string> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const stdout: string[] = [];
  const tail: string[] = [];
  const child = await supervise(command, args, {
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    keepsAlive: true,
    output: (line, stream) => {
      if (stream === "stdout") stdout.push(line);
      if (tail.push(line) > outputTailLines) tail.shift();
      options.onLine?.(line, stream);
    },
  });

  let timedOut = false;
  const end = () => void endProcess(child, "SIGTERM", 2000);
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal?.addEventListener("abort", end, { once: true });
  const status = await child.exited;
  clearTimeout(timer);
  signal?.removeEventListener("abort", end);

  signal?.throwIfAborted();
  if (status.code === 0) return stdout.join("\n");
  const what = timedOut
    ? `took more than ${timeoutMs} ms`
    : `ended with ${status.signal ?? `code ${status.code}`}`;
  throw new TestkitError("process-failed", [`${[command, ...args].join(" ")} ${what}`, ...tail].join("\n"));
}
