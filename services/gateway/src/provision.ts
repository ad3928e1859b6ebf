import {
  GATEWAY_SETTINGS,
  PROVISION_USAGE,
  parseProvisionArguments,
  provisionStreams,
} from "@tidegate/gateway";
import { configure, readEnvironment } from "@tidegate/runtime";

const NAME = "tidegate-provision";

const output = {
  say: (line: string) => void process.stdout.write(`${line}\n`),
  complain: (line: string) => void process.stderr.write(`${NAME}: ${line}\n`),
};
const parsed = parseProvisionArguments(process.argv.slice(2));
if (parsed.ok) {
  const configured = configure({
    name: NAME,
    description: `Makes or changes the streams of the namespaces that keep history.\n${PROVISION_USAGE}`,
    table: GATEWAY_SETTINGS,
    argv: parsed.rest,
    environment: readEnvironment(),
  });
  process.exitCode =
    configured.kind === "exit"
      ? configured.exitCode
      : await provisionStreams(configured.settings, parsed.options, output);
} else {
  output.complain(parsed.message);
  process.exitCode = 2;
}
