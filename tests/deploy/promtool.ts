import { locatePromtool, readEnvironment, runCommand } from "@tidegate/testkit";
import { say } from "./go-program.ts";

const TIMEOUT_MS = 2 * 60_000;

/** Runs Prometheus' own checker in a folder. @throws TestkitError with what it says, if it finds something wrong. */
export type Promtool = (args: readonly string[], cwd: string) => Promise<string>;

/** @throws TestkitError `promtool-missing` where there is none and no Debian either. */
export async function openPromtool(): Promise<Promtool> {
  const env = readEnvironment();
  const program = await locatePromtool({ onProgress: say });
  return async (args, cwd) => await runCommand(program, args, { env, cwd, timeoutMs: TIMEOUT_MS });
}
