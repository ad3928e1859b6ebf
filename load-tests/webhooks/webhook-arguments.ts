import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";

const RUNS = ["crash", "isolation", "throughput"] as const;

export interface WebhookLoadOptions {
  readonly what: (typeof RUNS)[number];
  /** That are counted in the result, in all. */
  readonly deliveries: number;
}

export const WEBHOOKS_USAGE = `Usage: npm run load:webhooks -- [crash|isolation|throughput] [--deliveries 10000]

  crash      kills the webhook process and NATS in the middle of deliveries to endpoints that fail 20 % of the time
  isolation  100 healthy endpoints, without and with one that hangs and one that answers 500
  throughput messages of 1 KiB to 10 endpoints that answer at once: what a delivery costs the process
`;

export function parseWebhookArguments(argv: readonly string[]): ParsedArguments<WebhookLoadOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf(
  { values, positionals }: ReturnType<typeof read>,
  reader: OptionReader,
): WebhookLoadOptions {
  const [name = "crash"] = positionals;
  const what = RUNS.find((known) => known === name);
  if (what === undefined || positionals.length > 1) {
    reader.refuse(`name one of ${RUNS.join(", ")}, not ${positionals.join(" ")}`);
  }
  return {
    what: what ?? "crash",
    deliveries: reader.number("deliveries", values.deliveries, 1, 100_000_000),
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      deliveries: { type: "string", default: "10000" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
