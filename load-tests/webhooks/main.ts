import { runCommand } from "../command.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { runCrash } from "./crash-run.ts";
import { runIsolation } from "./isolation-run.ts";
import { runThroughput } from "./throughput-run.ts";
import { parseWebhookArguments, WEBHOOKS_USAGE, type WebhookLoadOptions } from "./webhook-arguments.ts";

await runCommand({ name: "load:webhooks", usage: WEBHOOKS_USAGE, parse: parseWebhookArguments, run });

/** True once it has been measured: there are no goals to miss. */
async function run(options: WebhookLoadOptions, signal: AbortSignal): Promise<true> {
  process.stdout.write(`${machineLine(describeMachine())}\n`);
  const report = await reportOf(options, signal);
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  return true;
}

async function reportOf({ what, deliveries }: WebhookLoadOptions, signal: AbortSignal): Promise<object> {
  const shared = { deliveries, signal, onProgress: startProgress() };
  switch (what) {
    case "crash":
      return await runCrash({ ...shared, endpoints: 5, fails: 0.2, refusedEvery: 100 });
    case "isolation":
      return await runIsolation({ ...shared, healthy: 100 });
    case "throughput":
      return await runThroughput({ ...shared, endpoints: 10, payloadBytes: 1024 });
  }
}
