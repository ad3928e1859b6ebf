import { parseArgs } from "node:util";

export interface DemoArguments {
  /** `http://host:port` of each gateway that the page offers. */
  readonly gateways: readonly string[];
  /** `http://host:port/hooks` of the webhook process; without it the page cannot show callbacks arriving. */
  readonly hooks: string | undefined;
  /** `http://host:port` of the webhook API; without it there is no endpoint whose attempts the page could show. */
  readonly webhookApi: string | undefined;
  readonly host: string;
  readonly port: number;
}

export type ParsedDemoArguments =
  | ({ readonly kind: "run" } & DemoArguments)
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly message: string };

export const DEMO_USAGE = `Usage: node services/demo/src/main.ts --gateway URL [--gateway URL ...] [options]

The demo backend: serves the page, answers rpc.demo.>, publishes ticker.clock, ticker.price and feed.demo.

  --gateway URL   http:// address of a gateway that the page offers; give one per node
  --hooks URL     http:// address of /hooks of the webhook process, for the callbacks of the page
  --webhook-api URL  http:// address of the webhook API, for the endpoint of the page
  --host HOST     address the page is served on (default 127.0.0.1)
  --port PORT     port the page is served on, 0 for any free one (default 4000)
  --help, -h      print this and exit

Environment:
  NATS_URL             NATS server, with credentials if it wants them (default nats://127.0.0.1:4222)
  TIDEGATE_LOG_LEVEL   as for gateways (default info)
`;

export function parseDemoArguments(argv: readonly string[]): ParsedDemoArguments {
  let values: ReturnType<typeof read>;
  try {
    values = read(argv);
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) {
    return { kind: "help" };
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    return { kind: "refused", message: `--port must be a number from 0 to 65535, not ${values.port}` };
  }
  if (values.gateway.length === 0) {
    return { kind: "refused", message: "name at least one gateway with --gateway URL" };
  }
  return {
    kind: "run",
    gateways: values.gateway,
    hooks: values.hooks,
    webhookApi: values["webhook-api"],
    host: values.host,
    port,
  };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: false,
    options: {
      gateway: { type: "string", multiple: true, default: [] },
      hooks: { type: "string" },
      "webhook-api": { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "4000" },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}
