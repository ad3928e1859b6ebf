import { configure, createLogger, readEnvironment, runService } from "@tidegate/runtime";
import { WEBHOOK_SERVICE_SETTINGS } from "@tidegate/webhooks";
import { startService } from "./start-service.ts";

const NAME = "tidegate-webhooks";

const configured = configure({
  name: NAME,
  description: "A webhook process: third parties' callbacks come in, messages of channels go out.",
  table: WEBHOOK_SERVICE_SETTINGS,
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
      const service = await startService(settings, logger, signal);
      // Without NATS for good there is nothing left to do: fail, and let whoever supervises start a new process.
      void service.failed.then((error) => {
        throw error;
      });
      return service;
    },
  });
}
