/**
 * What one run on one server gives, figure by figure; NaN where it was not measured. All are about the server
 * unless they name the clients.
 */
export const METRICS = [
  /** CPU for one of the first connections, before its code is compiled. */
  "coldConnectMicros",
  /** CPU for one connection of the storm, until it is ready. */
  "connectMicros",
  "connectsPerSecond",
  /** Share of a core that the server used meanwhile; the next: of theirs that clients and NATS used. */
  "connectServerShare",
  "connectClientShare",
  "stormLagP99Ms",
  "stormLagMaxMs",
  /** Growth of resident memory by one connection, in KiB, after a rest. */
  "residentKib",
  /** The same after a garbage collection before and behind. */
  "collectedKib",
  /** The part of that in the JavaScript heap. */
  "heapKib",
  /** Of a core. */
  "idleCpuPercent",
  /** CPU for one delivery at a low rate: to few clients, and to many. */
  "fewDeliveryMicros",
  "manyDeliveryMicros",
  /** Publish to receipt, at a rate that keeps a core busy. */
  "p50Ms",
  "p99Ms",
  "p999Ms",
  "latencyServerShare",
  "latencyClientShare",
  /** Most deliveries a second with 99.9 % delivered. */
  "mostDeliveries",
  "mostServerShare",
  "mostClientShare",
  /** The same with clients that take joined messages. */
  "mostBatched",
  "mostBatchedServerShare",
  "mostBatchedClientShare",
  /** Publish to receipt where everybody reads, and of those who do while others do not. */
  "calmP99Ms",
  "stalledP99Ms",
  /** What those who read did not get meanwhile; what the others did not get afterwards. Added up, as the next. */
  "healthyLost",
  "stalledLost",
  /** How often clients that did not read were told that messages may be missing. */
  "stalledResets",
  /** Until they had everything. */
  "stalledBackMs",
  /** At low rates, where nothing may be lost, added up. */
  "lost",
  "repeated",
] as const;

/** Of these there is a sum over all rounds: a median would hide them. */
export const MISTAKES: ReadonlySet<Metric> = new Set([
  "healthyLost",
  "stalledLost",
  "stalledResets",
  "lost",
  "repeated",
]);

export type Metric = (typeof METRICS)[number];
export type Measurement = Readonly<Record<Metric, number>>;

/** A side that uses more of its cores than this is what limits the run. */
export const SATURATED_SHARE = 0.9;

export function completeMeasurement(some: Partial<Measurement>): Measurement {
  const entries = METRICS.map((metric) => [metric, some[metric] ?? Number.NaN] as const);
  return Object.fromEntries(entries) as Record<Metric, number>;
}
