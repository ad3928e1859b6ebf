import { describeError } from "./describe-error.ts";
import { locateNatsServer } from "./locate-nats-server.ts";

/**
 * Installs what tests need before the first of them runs, so that none of them pays for it out of its own time
 * limit. Vitest calls this as a global setup. A failure is only reported: tests that need no server can still run,
 * and those that do fail with the same explanation.
 */
export async function setup(): Promise<void> {
  const say = (message: string) => process.stderr.write(`${message}\n`);
  try {
    await locateNatsServer({ onProgress: say });
  } catch (error) {
    say(describeError(error));
  }
}
