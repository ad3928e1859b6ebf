import { parseArgs } from "node:util";
import type { OptionReader } from "../option-reader.ts";
import { type ParsedArguments, parseArguments } from "../parsed-arguments.ts";

export interface DashboardOptions {
  /** How long the load lasts. */
  readonly seconds: number;
  readonly clients: number;
  /** Where the picture goes; its ending says of which kind it is. */
  readonly out: string;
}

export const DASHBOARD_USAGE = `Usage: npm run dashboard -- [options]

Draws the dashboard of deploy/grafana from real figures: starts NATS, three gateways, a webhook process and Prometheus on this machine, puts
clients of every kind on them, breaks one thing after the other, and asks Prometheus what the dashboard asks. Ends with 1 if a
panel has no data: alerts need three minutes.

  --seconds N       how long the load lasts (default 300)
  --clients N       that subscribe, over all transports (default 200)
  --out FILE        .svg, or .png by a headless Chromium (default docs/images/dashboard.svg)
  --help, -h        print this and exit
`;

export function parseDashboardArguments(argv: readonly string[]): ParsedArguments<DashboardOptions> {
  return parseArguments(() => read(argv), optionsOf);
}

function optionsOf({ values }: ReturnType<typeof read>, reader: OptionReader): DashboardOptions {
  if (!/\.(?:svg|png)$/.test(values.out)) reader.refuse(`--out must end in .svg or .png, not ${values.out}`);
  return {
    seconds: reader.number("seconds", values.seconds, 30, 86_400),
    clients: reader.number("clients", values.clients, 1, 10_000),
    out: values.out,
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      seconds: { type: "string", default: "300" },
      clients: { type: "string", default: "200" },
      out: { type: "string", default: "docs/images/dashboard.svg" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}
