/** What was counted while messages were published, and until all of them had come. */
export interface SoakPhase {
  readonly seconds: number;
  /** Deliveries, if every connection gets every message of its channel. */
  readonly expected: number;
  readonly received: number;
  /** Numbers that were jumped over, and messages that came again, connection by connection. */
  readonly skipped: number;
  readonly repeated: number;
  readonly resets: number;
  /** Connections that ended meanwhile. */
  readonly ended: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Cores that were used. */
  readonly gatewayCores: number;
  readonly clientCores: number;
  readonly natsCores: number;
  /** By programs that have nothing to do with this. */
  readonly otherCores: number;
}

export interface SoakSample {
  /** Since the begin of the phase, or the kill. */
  readonly seconds: number;
  readonly connections: number;
  readonly residentBytes: number;
}

export interface SoakKill {
  readonly killed: number;
  readonly processes: number;
  /** Connections that ended with them. */
  readonly ended: number;
  /** Since the kill. */
  readonly samples: readonly Pick<SoakSample, "seconds" | "connections">[];
  /** From the kill until the last connection was back. */
  readonly backSeconds: number;
  readonly phase: SoakPhase;
}

export interface SoakResult {
  readonly openedSeconds: number;
  /** Before the first connection, and after the last, rested. */
  readonly emptyBytes: number;
  readonly fullBytes: number;
  /** Open when the measured phase ended. */
  readonly connections: number;
  readonly soak: SoakPhase;
  readonly samples: readonly SoakSample[];
  /** `undefined`: nothing was killed. */
  readonly kill: SoakKill | undefined;
}

export const lostIn = ({ expected, received }: SoakPhase): number => expected - received;
