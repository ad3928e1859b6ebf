/** What one run on one server gave. All figures are about that server unless they name the clients. */
export interface Measurement {
  /** CPU of the server for one of the first connections, before its code is compiled. */
  readonly coldConnectMicros: number;
  /** CPU of the server for one connection of the storm, until it is ready. */
  readonly connectMicros: number;
  readonly connectsPerSecond: number;
  /** Share of a core that the server used meanwhile. */
  readonly connectServerShare: number;
  /** Share of a core that the client process used meanwhile. */
  readonly connectClientShare: number;
  readonly stormLagP99Ms: number;
  readonly stormLagMaxMs: number;
  /** Growth of resident memory by one connection, in KiB, after a rest. */
  readonly residentKib: number;
  /** The same after a garbage collection before and behind. */
  readonly collectedKib: number;
  /** The part of that in the JavaScript heap. */
  readonly heapKib: number;
  readonly idleLagP50Ms: number;
  readonly idleLagMaxMs: number;
  /** Share of a core, in percent. */
  readonly idleCpuPercent: number;
  readonly deliveriesPerSecond: number;
  readonly lost: number;
  readonly repeated: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the server for one delivery. */
  readonly deliveryMicros: number;
  readonly deliveryClientShare: number;
}

export type Metric = keyof Measurement;

export const METRICS: readonly Metric[] = [
  "coldConnectMicros",
  "connectMicros",
  "connectsPerSecond",
  "connectServerShare",
  "connectClientShare",
  "stormLagP99Ms",
  "stormLagMaxMs",
  "residentKib",
  "collectedKib",
  "heapKib",
  "idleLagP50Ms",
  "idleLagMaxMs",
  "idleCpuPercent",
  "deliveriesPerSecond",
  "lost",
  "repeated",
  "p50Ms",
  "p99Ms",
  "deliveryMicros",
  "deliveryClientShare",
];

/** A process that uses more of its core than this is what limits the run. */
export const SATURATED_SHARE = 0.9;
