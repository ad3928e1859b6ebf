import type { RunningNode } from "./running-node.ts";

const BYTES = 32_000;
/** So many at once that no buffer on the way runs over. */
const AT_ONCE = 20;

/** Publishes so many large messages that begin with their number: 200 are more than the buffers of two kernels take. */
export async function flood(on: RunningNode, channel: string, count: number): Promise<void> {
  const payload = "x".repeat(BYTES);
  for (let index = 0; index < count; index += 1) {
    on.publish(channel, `${index} ${payload}`);
    if (index % AT_ONCE === 0) {
      await on.backend.flush();
    }
  }
  await on.backend.flush();
}
