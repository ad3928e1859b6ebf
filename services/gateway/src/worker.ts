import { startGateway } from "@tidegate/gateway";
import { createLogger, runService, takeWorkerSeat } from "@tidegate/runtime";
import type { GatewayWork } from "./start-gateways.ts";

const seat = await takeWorkerSeat();
const { settings, nodes } = seat.work as GatewayWork;
const node = nodes[seat.index] ?? "";
const name = "tidegate-gateway";
const logger = createLogger({ name, ...settings.log }).child({ worker: seat.index });
await runService({
  name,
  logger,
  drainDeadlineMs: settings.drain.deadlineMs,
  process: seat.process,
  start: async (signal) => {
    const gateway = await startGateway(settings, logger, signal, { node, report: seat.report });
    // Without NATS for good there is nothing left to serve: fail, and the supervisor starts another.
    void gateway.failed.then((error) => {
      throw error;
    });
    return gateway;
  },
});
