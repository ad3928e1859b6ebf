import type { AdmissionOptions } from "../src/admission/gate.ts";
import { Gate } from "../src/admission/gate.ts";
import type { Load } from "../src/admission/load-monitor.ts";
import type { NodeContext } from "../src/node-context.ts";

export const ADMISSION: AdmissionOptions = {
  connectsPerSecond: 1_000,
  connectBurst: 1_000,
  lagMs: 500,
  memoryBytes: undefined,
  retryMs: 1_000,
};

/** A gate on a load that the test sets. */
export function gateOf(
  { instruments, uptime, random }: Pick<NodeContext, "instruments" | "uptime" | "random">,
  load: { overload: Load | undefined; isSevere: boolean } = { overload: undefined, isSevere: false },
  options: Partial<AdmissionOptions> = {},
): Gate {
  return new Gate({ ...ADMISSION, ...options }, load, instruments.turnedAway, uptime, random);
}
