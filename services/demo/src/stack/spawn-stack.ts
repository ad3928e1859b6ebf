import { type NodeProcess, spawnNode } from "@tidegate/testkit";
import type { RunningStack } from "./announcement.ts";

/** A stack in a process of its own, as programs get it. It ends when this process does. */
export interface SpawnedStack extends RunningStack, AsyncDisposable {
  readonly process: NodeProcess;
}

/** Room for a first start, which installs NATS. */
const START_TIMEOUT_MS = 180_000;

/**
 * Runs `npm start --silent -- --json` without npm, with a NATS server of its own, and waits until it is ready. For
 * tests.
 *
 * @throws TestkitError `process-failed` or `timeout`, with what it printed
 */
export async function spawnStack(): Promise<SpawnedStack> {
  const process = await spawnNode(new URL("./main.ts", import.meta.url), {
    args: ["--json"],
    env: { NATS_URL: undefined },
  });
  try {
    const line = await process.waitForLine(/^\{"gateways":/, START_TIMEOUT_MS);
    const stack = JSON.parse(line) as RunningStack;
    return {
      ...stack,
      process,
      [Symbol.asyncDispose]: async () => {
        await process.stop();
      },
    };
  } catch (error) {
    await process.stop("SIGKILL");
    throw error;
  }
}
