import { counter, defineMetrics, gauge } from "../metrics/metric-declaration.ts";

/** What a supervisor exports besides the metrics of its workers. */
export const supervisorMetrics = defineMetrics({
  workers: gauge(
    "supervisor_workers",
    "Worker processes, by state: `ready`, `not_ready`, or `waiting` to be started again.",
    ["state"],
  ),
  restarts: counter("supervisor_restarts_total", "Worker processes started in the place of one that ended."),
});
