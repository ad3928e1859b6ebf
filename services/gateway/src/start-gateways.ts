import { extname } from "node:path";
import { type GatewaySettings, nodeNameOf } from "@tidegate/gateway";
import { claimPort, type Logger, type StartedSupervisor, startSupervisor } from "@tidegate/runtime";

/** What a worker is told; it reads no configuration of its own, so that all run with the same. */
export interface GatewayWork {
  readonly settings: GatewaySettings;
  /** Node names by index. */
  readonly nodes: readonly string[];
}

/** Starts several nodes on one port, each a process of its own. */
export async function startGateways(
  settings: GatewaySettings,
  processes: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<StartedSupervisor> {
  const { host } = settings.listen;
  const port = await claimPort(host, settings.listen.port);
  const work: GatewayWork = {
    settings: { ...settings, listen: { ...settings.listen, port } },
    nodes: Array.from({ length: processes }, (_, index) => nodeNameOf(settings, index)),
  };
  // Compiled, it stands beside this module with the same ending.
  const script = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);
  const { operations } = settings;
  const supervisor = await startSupervisor({ script, workers: processes, work, operations, logger }, signal);
  logger.info({ port, operationsPort: supervisor.operationsPort, processes }, "listening");
  return supervisor;
}
