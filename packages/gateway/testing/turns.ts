import { setImmediate as immediate } from "node:timers/promises";

/** Lets everything run that waits for nothing but its turn: microtasks, and what they schedule with setImmediate. */
export async function turns(count = 2): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await immediate();
  }
}
