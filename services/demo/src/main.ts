import { resolveBrokerOptions } from "@tidegate/broker";
import { createLogger, LOG_LEVELS, readEnvironment, runService } from "@tidegate/runtime";
import { DEMO_USAGE, parseDemoArguments } from "./demo-arguments.ts";
import { startDemoService } from "./demo-service.ts";
import { natsAccess } from "./nats-access.ts";

const NAME = "demo-backend";
const DEFAULT_NATS_URL = "nats://127.0.0.1:4222";
const DRAIN_DEADLINE_MS = 4_000;

const parsed = parseDemoArguments(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    process.stdout.write(DEMO_USAGE);
    break;
  case "refused":
    process.stderr.write(`${NAME}: ${parsed.message}; see --help\n`);
    process.exitCode = 2;
    break;
  case "run": {
    const environment = readEnvironment();
    const level = LOG_LEVELS.find((known) => known === environment["TIDEGATE_LOG_LEVEL"]) ?? "info";
    const logger = createLogger({ name: NAME, level, pretty: true });
    await runService({
      name: NAME,
      logger,
      drainDeadlineMs: DRAIN_DEADLINE_MS,
      start: (signal) => {
        const brokerOptions = resolveBrokerOptions({
          ...natsAccess(environment["NATS_URL"] || DEFAULT_NATS_URL),
          name: NAME,
          onError: (error) => logger.warn({ err: error }, "NATS"),
        });
        return startDemoService(parsed, brokerOptions, logger, signal);
      },
    });
  }
}
