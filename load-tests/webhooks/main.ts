import { parseArgs } from "node:util";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { runCrash } from "./crash-run.ts";
import { runIsolation } from "./isolation-run.ts";
import { runThroughput } from "./throughput-run.ts";

const USAGE = `Usage: npm run load:webhooks -- [crash|isolation|throughput] [--deliveries 10000]

  crash      kills the webhook process and NATS in the middle of deliveries to endpoints that fail 20 % of the time
  isolation  100 healthy endpoints, without and with one that hangs and one that answers 500
  throughput messages of 1 KiB to 10 endpoints that answer at once: what a delivery costs the process
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { deliveries: { type: "string", default: "10000" }, help: { type: "boolean", default: false } },
});
const deliveries = Number(values.deliveries);
const [what = "crash"] = positionals;
const onProgress = startProgress();

if (values.help || !["crash", "isolation", "throughput"].includes(what) || !Number.isInteger(deliveries)) {
  process.stdout.write(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  process.stdout.write(`${machineLine(describeMachine())}\n`);
  const report = await run();
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

async function run(): Promise<object> {
  switch (what) {
    case "isolation":
      return await runIsolation({ deliveries, healthy: 100, onProgress });
    case "throughput":
      return await runThroughput({ deliveries, endpoints: 10, payloadBytes: 1024, onProgress });
    default:
      return await runCrash({ deliveries, endpoints: 5, fails: 0.2, refusedEvery: 100, onProgress });
  }
}
