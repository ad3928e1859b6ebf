import type { Environment } from "@tidegate/runtime";
import type { CpuPlan } from "./cpu-pinning.ts";

/** Where a server that is measured runs. */
export interface ServerPlace {
  readonly natsUrl: string;
  readonly cpus: CpuPlan;
  /** What backends put before a channel to get its subject; servers that run at once have different ones. */
  readonly subjectPrefix: string;
  /** Where the gateway writes its CPU profile when it ends; `undefined`: none. */
  readonly profileDirectory: string | undefined;
  /** What a scenario sets otherwise in a gateway. */
  readonly settings: Environment;
}
