import type { NatsConnection } from "@tidegate/testkit";
import type { BenchOptions } from "./bench-arguments.ts";
import type { BenchRun } from "./bench-run.ts";
import type { BenchServer } from "./bench-server.ts";
import { type ClientsPlan, startClients } from "./clients/clients-plan.ts";
import { type BenchContender, CONTENDERS } from "./contenders.ts";
import { type CpuPlan, parseCpuList } from "./cpu-pinning.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { ServerPlace } from "./server-place.ts";

/** What servers and clients of all scenarios are started with. */
export interface ContestParts {
  readonly options: BenchOptions;
  readonly place: Omit<ServerPlace, "subjectPrefix" | "settings">;
  readonly clients: ClientsPlan;
  /** One for each client. */
  readonly tokens: readonly string[];
  readonly nats: NatsConnection;
  readonly natsPid: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** One server that runs for a scenario, and the clients that are opened at it. */
export class Contest {
  readonly #parts: ContestParts;
  readonly #contender: BenchContender;
  readonly #scenario: Scenario;
  readonly #subjectPrefix: string;
  readonly #server: BenchServer;
  readonly #opened: BenchRun[] = [];
  #nextNumber = 0;

  private constructor(
    parts: ContestParts,
    contender: BenchContender,
    scenario: Scenario,
    subjectPrefix: string,
    server: BenchServer,
  ) {
    this.#parts = parts;
    this.#contender = contender;
    this.#scenario = scenario;
    this.#subjectPrefix = subjectPrefix;
    this.#server = server;
  }

  /** @throws LoadTestError `server_failed`. */
  static async start(parts: ContestParts, scenario: ScenarioName, name: ServerName): Promise<Contest> {
    const contender = CONTENDERS[name];
    const plan = SCENARIOS[scenario];
    // Of its own, because servers that run at once hear one NATS server.
    const subjectPrefix = `rt-${name.replace(".", "-")}`;
    const place = { ...parts.place, subjectPrefix, settings: plan.settings };
    return new Contest(parts, contender, plan, subjectPrefix, await contender.start(place));
  }

  /** Whether the most that it delivers can be found: whether it, and not the clients, is the limit. */
  get saturates(): boolean {
    const { clients, options } = this.#parts;
    return clients.kind === "native" && options.saturation && this.#contender.saturates;
  }

  get batches(): boolean {
    return this.#contender.batches && this.#scenario.transport === "ws";
  }

  /**
   * Starts what that many clients run in; none connects yet.
   *
   * @throws LoadTestError `client_failed`.
   */
  async prepare(count: number, batch: boolean): Promise<BenchRun> {
    const { tokens, place, natsPid } = this.#parts;
    const { channel, transport, resuming } = this.#scenario;
    const plans = tokens
      .slice(0, count)
      .map((token, client) => this.#contender.plan({ client, token, channel, batch, transport, resuming }));
    const clients = await startClients(this.#parts.clients, this.#server.ports, plans, this.#scenario);
    const run: BenchRun = {
      ...this.#parts,
      server: this.#server,
      clients,
      subjectPrefix: this.#subjectPrefix,
      scenario: this.#scenario,
      observed: {
        server: this.#server,
        pids: [...clients.pids, ...(natsPid === undefined ? [] : [natsPid])],
        clientCores: coresOf(place.cpus),
      },
      takeNumbers: (numbers) => {
        const first = this.#nextNumber;
        this.#nextNumber += numbers;
        return first;
      },
    };
    this.#opened.push(run);
    return run;
  }

  /** Closes all clients, then the server. */
  async stop(): Promise<void> {
    await Promise.all(this.#opened.map(({ clients }) => clients.stop()));
    await this.#server.stop();
  }
}

/** How many clients and NATS have; unpinned, all but the one that the server takes. */
function coresOf(cpus: CpuPlan): number {
  return cpus.kind === "pinned" ? parseCpuList(cpus.clients).length : 1;
}
