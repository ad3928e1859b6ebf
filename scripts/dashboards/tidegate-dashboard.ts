import { CONNECTIONS, CONTINUITY, FAN_OUT, NATS, SLOW_READERS, UPSTREAM } from "./gateway-rows.ts";
import { type GrafanaDashboard, grafanaDashboard } from "./grafana-dashboard.ts";
import { NATS_SERVERS } from "./nats-server-row.ts";
import { each, level, OWN_JOBS, type Row, rate, series } from "./panel.ts";
import { HOOKS, WEBHOOKS } from "./webhook-rows.ts";

const PROMISES: Row = {
  title: "Promises",
  panels: [
    {
      title: "Burn of the last hour",
      help: "How many times too fast the error budgets are used up; 1 lasts exactly 30 days. From 14.4 on somebody is called.",
      unit: "short",
      threshold: 14.4,
      queries: [['max by (slo) (slo:tidegate_burn:rate1h{namespace=~"$namespace"})', "{{slo}}"]],
    },
    {
      title: "Burn of three days",
      help: "Above 1 the budget does not last.",
      unit: "short",
      threshold: 1,
      queries: [['max by (slo) (slo:tidegate_burn:rate3d{namespace=~"$namespace"})', "{{slo}}"]],
    },
    {
      title: "Alerts",
      help: "That fire; docs/operations.md has a section for each.",
      unit: "short",
      queries: [
        [
          'count by (alertname) (ALERTS{alertname=~"Tidegate.+",alertstate="firing",namespace=~"$namespace"})',
          "{{alertname}}",
        ],
      ],
    },
  ],
};

const PROCESSES: Row = {
  title: "Processes",
  panels: [
    {
      title: "CPU",
      help: "Of one, which is all that a process can use.",
      unit: "percentunit",
      queries: [
        [
          `rate(${series("process_cpu_user_seconds_total")}[$__rate_interval])
+ rate(${series("process_cpu_system_seconds_total")}[$__rate_interval])`,
          "{{instance}}",
        ],
      ],
    },
    {
      title: "Event loop busy",
      help: "Above 80 % there is no room for a storm.",
      unit: "percentunit",
      threshold: 0.8,
      queries: [each("nodejs_eventloop_utilization_ratio")],
    },
    {
      title: "Event loop late by",
      help: "The worst process. Every message of its clients is late by as much.",
      unit: "s",
      queries: [
        [`max(${series("nodejs_eventloop_lag_p50_seconds")})`, "p50"],
        [`max(${series("nodejs_eventloop_lag_p99_seconds")})`, "p99"],
        [`max(${series("nodejs_eventloop_lag_max_seconds")})`, "most"],
      ],
    },
    {
      title: "Memory",
      help: "In RAM.",
      unit: "bytes",
      queries: [each("process_resident_memory_bytes")],
    },
    {
      title: "JavaScript heap",
      help: "What is in use, and what its objects hold outside of it.",
      unit: "bytes",
      queries: [
        each("nodejs_heap_size_used_bytes"),
        each("nodejs_external_memory_bytes", "{{instance}} {{process}} outside"),
      ],
    },
    {
      title: "Garbage collection",
      help: "Share of the time, by kind, of all processes together.",
      unit: "percentunit",
      queries: [rate("nodejs_gc_duration_seconds_sum", ["kind"])],
    },
    {
      title: "Open files",
      help: "Of those that the process may have.",
      unit: "percentunit",
      threshold: 0.8,
      queries: [[`${series("process_open_fds")} / ${series("process_max_fds")}`, "{{instance}} {{process}}"]],
    },
    {
      title: "Running for",
      help: "What falls to zero was started again.",
      unit: "s",
      queries: [[`time() - ${series("process_start_time_seconds")}`, "{{instance}} {{process}}"]],
    },
    {
      title: "Workers",
      help: "Where several processes share a port: by state, and started again in an hour.",
      unit: "short",
      queries: [
        level("supervisor_workers", ["state"]),
        [`sum(increase(${series("supervisor_restarts_total")}[1h]))`, "started again"],
      ],
    },
  ],
};

/** The dashboard in deploy/grafana. */
export function tidegateDashboard(): GrafanaDashboard {
  return grafanaDashboard({
    uid: "tidegate",
    title: "Tidegate",
    description: "Gateways, webhook processes and what they promise. docs/metrics.md explains every metric.",
    variablesFrom: ["process_start_time_seconds", OWN_JOBS],
    rows: [
      PROMISES,
      CONNECTIONS,
      FAN_OUT,
      SLOW_READERS,
      CONTINUITY,
      UPSTREAM,
      NATS,
      WEBHOOKS,
      HOOKS,
      PROCESSES,
      NATS_SERVERS,
    ],
  });
}
