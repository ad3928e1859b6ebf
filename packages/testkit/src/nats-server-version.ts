import type { Environment } from "@tidegate/runtime";
import { runCommand } from "./run-command.ts";

/** The version that development and tests install. */
export const pinnedNatsVersion = "2.15.2";

/** The oldest version that has what replay needs: scheduled messages and batched direct gets with their end mark. */
export const minimumNatsVersion = "2.12";

/** The version inside `nats-server --version` output or an INFO message, as in "nats-server: v2.15.2". */
export function parseNatsVersion(text: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)/.exec(text)?.[1];
}

/** Compares major and minor only, so that a release candidate of the minimum counts as the minimum. */
export function isAcceptedNatsVersion(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimumNatsVersion.split(".").map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

/**
 * Asks a binary for its version by running it.
 *
 * @throws TestkitError `process-failed` if it does not run. Undefined if what it prints is not a version.
 */
export async function readNatsVersion(path: string, env: Environment): Promise<string | undefined> {
  return parseNatsVersion(await runCommand(path, ["--version"], { env, timeoutMs: 10_000 }));
}
