import type { BenchServer } from "./bench-server.ts";
import type { ProcessReadings } from "./process-readings.ts";

/** Several servers that are measured as one: clients spread over them, and what they use is added up. */
export class ServerGroup implements BenchServer {
  readonly #members: readonly BenchServer[];

  private constructor(members: readonly BenchServer[]) {
    this.#members = members;
  }

  /** Starts all of them, or none. */
  static async start(starts: readonly (() => Promise<BenchServer>)[]): Promise<ServerGroup> {
    const started: BenchServer[] = [];
    try {
      for (const start of starts) {
        started.push(await start());
      }
    } catch (error) {
      await Promise.all(started.map((member) => member.stop()));
      throw error;
    }
    return new ServerGroup(started);
  }

  get ports(): readonly number[] {
    return this.#members.flatMap(({ ports }) => ports);
  }

  get pids(): readonly number[] {
    return this.#members.flatMap(({ pids }) => pids);
  }

  async readings(): Promise<ProcessReadings> {
    return addReadings(await Promise.all(this.#members.map((member) => member.readings())));
  }

  async collectGarbage(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.collectGarbage()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }
}

/** Of several processes: what they used together, and the lag of the one that lags most. */
export function addReadings(readings: readonly ProcessReadings[]): ProcessReadings {
  const sum = (figure: keyof ProcessReadings): number =>
    readings.reduce((total, one) => total + one[figure], 0);
  const most = (figure: keyof ProcessReadings): number => Math.max(...readings.map((one) => one[figure]));
  return {
    cpuSeconds: sum("cpuSeconds"),
    residentBytes: sum("residentBytes"),
    heapUsedBytes: sum("heapUsedBytes"),
    externalBytes: sum("externalBytes"),
    lagP50Seconds: most("lagP50Seconds"),
    lagP99Seconds: most("lagP99Seconds"),
    lagMaxSeconds: most("lagMaxSeconds"),
  };
}
