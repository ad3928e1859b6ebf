import { availableParallelism } from "node:os";
import { GATEWAY_SETTINGS, startGateway } from "@tidegate/gateway";
import { configure, createLogger, readEnvironment, runService } from "@tidegate/runtime";
import { startGateways } from "./start-gateways.ts";

const NAME = "tidegate-gateway";

const configured = configure({
  name: NAME,
  description: "A gateway node: WebSocket clients on one side, NATS subjects on the other.",
  table: GATEWAY_SETTINGS,
  argv: process.argv.slice(2),
  environment: readEnvironment(),
});

if (configured.kind === "exit") {
  process.exitCode = configured.exitCode;
} else {
  const { settings } = configured;
  const logger = createLogger({ name: NAME, ...settings.log });
  const processes = settings.processes === "auto" ? availableParallelism() : settings.processes;
  await runService({
    name: NAME,
    logger,
    drainDeadlineMs: settings.drain.deadlineMs,
    start: async (signal) => {
      const service =
        processes === 1
          ? await startGateway(settings, logger, signal)
          : await startGateways(settings, processes, logger, signal);
      // There is nothing left to serve with: fail, and let whoever supervises start anew.
      void service.failed.then((error) => {
        throw error;
      });
      return service;
    },
  });
}
