export type { DeepReadonly } from "./deep-freeze.ts";
export type { Environment } from "./environment.ts";
export { readEnvironment } from "./environment.ts";
export type { Logger, LoggerOptions, LogLevel } from "./logger/create-logger.ts";
export { createLogger, LOG_LEVELS } from "./logger/create-logger.ts";
export type { CreatedMetrics, MetricsExposition, MetricsOptions } from "./metrics/create-metrics.ts";
export { createMetrics } from "./metrics/create-metrics.ts";
export { describeMetrics } from "./metrics/describe-metrics.ts";
export type { CounterChild, GaugeChild, HistogramChild } from "./metrics/metric-children.ts";
export type {
  CounterDeclaration,
  GaugeDeclaration,
  HistogramDeclaration,
  MetricsTable,
} from "./metrics/metric-declaration.ts";
export { counter, defineMetrics, gauge, histogram, SECONDS_BUCKETS } from "./metrics/metric-declaration.ts";
export type {
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  LabelArguments,
  MetricFamily,
  MetricsOf,
  ReadableFamily,
} from "./metrics/metric-family.ts";
export { processMetrics } from "./metrics/process-metrics.ts";
export type { OperationsServer, OperationsServerOptions } from "./operations/operations-server.ts";
export { startOperationsServer } from "./operations/operations-server.ts";
export type {
  FailingCondition,
  ReadinessCondition,
  ReadinessSource,
  ReadinessState,
  ReportedReadiness,
} from "./operations/readiness.ts";
export { Readiness } from "./operations/readiness.ts";
export type { RuntimeErrorCode } from "./runtime-error.ts";
export { RuntimeError } from "./runtime-error.ts";
export type { Configured, ConfigureOptions } from "./service/configure.ts";
export { configure } from "./service/configure.ts";
export { natsDisagreements, natsSettings } from "./service/nats-settings.ts";
export type { ParsedArguments } from "./service/parse-arguments.ts";
export { parseArguments, usageText } from "./service/parse-arguments.ts";
export type { ProcessEffects, ProcessEvent, TerminationSignal } from "./service/process-effects.ts";
export type { RunningService, RunServiceOptions } from "./service/run-service.ts";
export { runService } from "./service/run-service.ts";
export { serviceSettings } from "./service/service-settings.ts";
export { tokenSettings } from "./service/token-settings.ts";
export type {
  Disagreement,
  SettingsDefinition,
  SettingsFrom,
  SettingsList,
  SettingsOf,
  SettingsTable,
} from "./settings/define-settings.ts";
export { defineSettings } from "./settings/define-settings.ts";
export { describeSettings } from "./settings/describe-settings.ts";
export type { LoadedSettings, SettingsSources } from "./settings/load-settings.ts";
export { loadSettings } from "./settings/load-settings.ts";
export type { SettingsProblem } from "./settings/problem.ts";
export { formatProblems } from "./settings/problem.ts";
export type { Unit } from "./settings/schema-note.ts";
export type { Setting, SettingDeclaration } from "./settings/setting.ts";
export { setting } from "./settings/setting.ts";
export type { Bounds, TextOptions } from "./settings/setting-schemas.ts";
export {
  bytes,
  decimal,
  filePath,
  flag,
  integer,
  integerOr,
  listOf,
  milliseconds,
  oneOf,
  port,
  text,
  url,
} from "./settings/setting-schemas.ts";
export { claimPort } from "./supervision/claim-port.ts";
export type { StartedSupervisor, SupervisorOptions } from "./supervision/supervisor.ts";
export { startSupervisor } from "./supervision/supervisor.ts";
export { supervisorMetrics } from "./supervision/supervisor-metrics.ts";
export type { WorkerSeat } from "./supervision/worker-seat.ts";
export { takeWorkerSeat } from "./supervision/worker-seat.ts";
export type { TracedService } from "./tracing/start-tracing.ts";
export { startTracing } from "./tracing/start-tracing.ts";
export type { AttributeValue, Span, SpanStart, TraceLink, Tracing } from "./tracing/tracing.ts";
export { tracingSettings } from "./tracing/tracing-settings.ts";
