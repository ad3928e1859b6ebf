import { type ClientPlan, SINCE_FIELD } from "../client-plan.ts";
import { Drain } from "../drain/drain.ts";
import type { DrainReport } from "../drain/drain-answer.ts";

export interface ClientFleetOptions {
  /** Of the native client. */
  readonly binary: string;
  readonly port: number;
  readonly processes: number;
  readonly plans: readonly ClientPlan[];
}

/** What all clients together have counted since the last `begin`. */
export interface ClientFleetReport {
  readonly connections: number;
  /** Connections that ended since all were opened, and why the first did. */
  readonly closed: number;
  readonly reason: string;
  readonly received: number;
  readonly skipped: number;
  readonly repeated: number;
  readonly resets: number;
  /** When the last of all became ready, by the clock of `nowMicros`. */
  readonly readyAtMicros: number;
  /** Of the process in which it was longest. */
  readonly p50Micros: number;
  readonly p99Micros: number;
}

/** Under way at a time, of all: below the backlog of uWebSockets.js, 512. */
const IN_FLIGHT = 240;
/** Clients of one address of loopback, as the native client has them. */
const PER_ADDRESS = 4000;
/** A client that finds no server, or a full one, tries again after so long. */
const WAIT_MS = 250;

/** Native clients in several processes, because one may not have so many open files. */
export class ClientFleet {
  readonly #drains: readonly Drain[];
  readonly #sizes: readonly number[];

  private constructor(drains: readonly Drain[], sizes: readonly number[]) {
    this.#drains = drains;
    this.#sizes = sizes;
  }

  /** Starts the processes; no connection is opened yet. */
  static async start({ binary, port, processes, plans }: ClientFleetOptions): Promise<ClientFleet> {
    const size = Math.ceil(plans.length / processes);
    const drains: Drain[] = [];
    const sizes: number[] = [];
    try {
      for (let first = 0; first < plans.length; first += size) {
        const some = plans.slice(first, first + size);
        const firstAddress = drains.length * Math.ceil(size / PER_ADDRESS);
        drains.push(await Drain.start({ binary, port, plans: some, since: SINCE_FIELD, firstAddress }));
        sizes.push(some.length);
      }
    } catch (error) {
      await Promise.all(drains.map((drain) => drain.stop()));
      throw error;
    }
    return new ClientFleet(drains, sizes);
  }

  get pids(): readonly number[] {
    return this.#drains.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Opens all, and from then on each again that ends, from the cursor that it got to. */
  async open(perSecond: number): Promise<void> {
    const share = this.#drains.length;
    const inFlight = Math.max(1, Math.floor(IN_FLIGHT / share));
    await Promise.all(this.#drains.map((drain) => drain.keep({ inFlight, waitMs: WAIT_MS })));
    await Promise.all(
      this.#drains.map((drain, index) =>
        drain.open(this.#sizes[index] ?? 0, { inFlight, perSecond: perSecond / share }),
      ),
    );
  }

  async begin(first: number): Promise<void> {
    await Promise.all(this.#drains.map((drain) => drain.begin(first)));
  }

  async report(): Promise<ClientFleetReport> {
    return addReports(await Promise.all(this.#drains.map((drain) => drain.report())));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#drains.map((drain) => drain.stop()));
  }
}

function addReports(reports: readonly DrainReport[]): ClientFleetReport {
  type Figure = Exclude<keyof ClientFleetReport, "reason">;
  const sum = (figure: Figure): number => reports.reduce((total, one) => total + one[figure], 0);
  const most = (figure: Figure): number => Math.max(...reports.map((one) => one[figure]));
  return {
    connections: sum("connections"),
    closed: sum("closed"),
    reason: reports.find(({ reason }) => reason !== "")?.reason ?? "",
    received: sum("received"),
    skipped: sum("skipped"),
    repeated: sum("repeated"),
    resets: sum("resets"),
    readyAtMicros: most("readyAtMicros"),
    p50Micros: most("p50Micros"),
    p99Micros: most("p99Micros"),
  };
}
