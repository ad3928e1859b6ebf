import { readFile } from "node:fs/promises";
import { runCommand } from "../command.ts";
import { describeMachine } from "../machine.ts";
import { startProgress } from "../progress.ts";
import { askPanels } from "./ask-panels.ts";
import { DASHBOARD_USAGE, type DashboardOptions, parseDashboardArguments } from "./dashboard-arguments.ts";
import { parseDashboard } from "./dashboard-model.ts";
import { dashboardSvg } from "./draw/dashboard-svg.ts";
import { play } from "./load/play.ts";
import { writePicture } from "./picture-file.ts";
import { PrometheusServer } from "./prometheus/prometheus-server.ts";
import { rateInterval } from "./query-variables.ts";
import { ObservedStack } from "./stack/observed-stack.ts";

const DASHBOARD = new URL("../../deploy/grafana/tidegate.json", import.meta.url);
/** Between two looks of Prometheus. */
const SCRAPE_S = 2;
/** Between two points of a line. */
const POINT_S = 4;

await runCommand({ name: "dashboard", usage: DASHBOARD_USAGE, parse: parseDashboardArguments, run });

/** True if every panel has data. */
async function run({ seconds, clients, out }: DashboardOptions, signal: AbortSignal): Promise<boolean> {
  const onProgress = startProgress();
  const dashboard = parseDashboard(await readFile(DASHBOARD, "utf8"));
  onProgress("starting NATS, gateways and the webhook process");
  const stack = await ObservedStack.start();
  try {
    onProgress("starting Prometheus");
    const plan = { everySeconds: SCRAPE_S, namespace: "production", targets: stack.targets };
    const prometheus = await PrometheusServer.start(plan, signal, onProgress);
    try {
      const from = Math.ceil(Date.now() / 1000);
      onProgress(`${clients} clients come`);
      const { acts, to } = await play(stack, { seconds, clients, signal, onProgress });
      const window = { from, to, step: POINT_S, scrape: SCRAPE_S };
      onProgress("asking Prometheus");
      const lines = await askPanels(dashboard, prometheus, window);
      const { date, cores } = describeMachine();
      const day = date.slice(0, 10);
      const svg = dashboardSvg({
        ...{ dashboard, lines, ...window },
        origin: `npm run dashboard, ${day}, times in UTC: three gateways and a webhook process on ${cores} cores, asked by Prometheus every ${SCRAPE_S} s; rates over ${rateInterval({ step: POINT_S, scrape: SCRAPE_S })} s`,
        acts: acts.map((act, index) => ({ ...act, letter: String.fromCharCode(65 + index) })),
      });
      await writePicture(out, svg);
      process.stdout.write(`${out}\n`);
      const empty = dashboard.parts.filter(
        (part, index) => part.kind === "graph" && lines[index]?.length === 0,
      );
      for (const { title } of empty) process.stderr.write(`no data: ${title}\n`);
      return empty.length === 0;
    } finally {
      await prometheus[Symbol.asyncDispose]();
    }
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}
