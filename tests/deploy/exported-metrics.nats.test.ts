import { join } from "node:path";
import { DEVELOPMENT_KEY } from "@tidegate/auth";
import { type NodeProcess, type OwnNatsServer, spawnNode, startNats } from "@tidegate/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXPORTED, readMetricUses } from "./metric-uses.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Processes start beside other tests. */
const PATIENCE_MS = 30_000;

/** Series that begin with their first event. Rules must not need their zero. */
const BEGIN_LATE: ReadonlySet<string> = new Set([
  "tidegate_hooks_total",
  "tidegate_hooks_relayed_total",
  "tidegate_http_requests_total",
  "tidegate_webhook_api_requests_total",
]);

const started: { stop(signal: "SIGKILL"): Promise<unknown> }[] = [];
let page: string;

beforeAll(async () => {
  const server = await startNats({ own: true });
  started.push(server);
  const processes = [
    await run("gateway", server, { TIDEGATE_LISTEN_PORT: "0" }),
    await run("webhooks", server, { TIDEGATE_WEBHOOKS_PORT: "0", TIDEGATE_WEBHOOKS_REPLICAS: "1" }),
  ];
  const pages = await Promise.all(
    processes.map(async (process) => {
      const line = await process.waitForLine('"listening"', PATIENCE_MS);
      const { operationsPort } = JSON.parse(line) as { readonly operationsPort: number };
      return await (await fetch(`http://127.0.0.1:${operationsPort}/metrics`)).text();
    }),
  );
  page = pages.join("\n");
});

afterAll(async () => {
  for (const one of started.reverse()) await one.stop("SIGKILL");
});

async function run(
  service: "gateway" | "webhooks",
  { url }: OwnNatsServer,
  ports: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  const process = await spawnNode(join(ROOT, `services/${service}/src/main.ts`), {
    env: {
      TIDEGATE_MODE: "development",
      TIDEGATE_NATS_SERVERS: url,
      TIDEGATE_AUTH_ALGORITHMS: "HS256",
      TIDEGATE_AUTH_SECRET: DEVELOPMENT_KEY.secret,
      TIDEGATE_OPERATIONS_PORT: "0",
      ...ports,
    },
  });
  started.push(process);
  return process;
}

it("/metrics has every metric that is declared", () => {
  const missing = EXPORTED.filter(({ name, kind }) => !page.includes(`# TYPE ${name} ${kind}\n`));
  // Only where several processes share a port.
  expect(missing.map(({ name }) => name)).toStrictEqual(["supervisor_workers", "supervisor_restarts_total"]);
});

it("/metrics has from the start what rules and the dashboard look for", () => {
  const missing = readMetricUses().flatMap(({ where, selectors }) =>
    selectors.flatMap(({ metric, matchers }) => {
      const declared = EXPORTED.find(({ name }) => name === metric);
      if (declared === undefined || BEGIN_LATE.has(metric)) return [];
      return matchers
        .filter(({ label }) => declared.labels.includes(label))
        .flatMap(({ label, value }) => value.split("|").map((one) => `${label}="${one}"`))
        .filter((label) => !hasSeries(metric, label))
        .map((label) => `${where}: ${metric} ${label}`);
    }),
  );
  expect(missing).toStrictEqual([]);
});

it("counters are at zero before anything happens: Prometheus sees no increase in a series that begins with its first event", () => {
  const late = EXPORTED.filter(
    ({ kind, name, labels }) => kind === "counter" && labels.length > 0 && !hasSeries(name),
  );
  expect(late.map(({ name }) => name).sort()).toStrictEqual([...BEGIN_LATE].sort());
});

/** @param label as it stands on the page; without, any series will do. */
function hasSeries(metric: string, label?: string): boolean {
  return page
    .split("\n")
    .some(
      (line) =>
        line.startsWith(`${metric}{`) && (label === undefined || new RegExp(`[{,]${label}[,}]`).test(line)),
    );
}
