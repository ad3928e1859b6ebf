import { GATEWAY_SETTINGS, startGateway } from "@tidegate/gateway";
import { configure, createLogger, readEnvironment, runService } from "@tidegate/runtime";

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
  await runService({
    name: NAME,
    logger,
    drainDeadlineMs: settings.drain.deadlineMs,
    start: async (signal) => {
      const gateway = await startGateway(settings, logger, signal);
      // Without NATS for good there is nothing left to serve: fail, and let whoever supervises start a new node.
      void gateway.failed.then((error) => {
        throw error;
      });
      return gateway;
    },
  });
}
