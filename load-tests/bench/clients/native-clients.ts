import { type ClientPlan, SINCE_FIELD } from "../../client-plan.ts";
import { Drain } from "../../drain/drain.ts";
import type { BenchClients, ClientsManner, ClientsReport } from "./bench-clients.ts";

/** As soon as a client can after it has seen the end. */
const REOPEN_MS = 100;

/** Clients in the native program. */
export class NativeClients implements BenchClients {
  readonly #drain: Drain;

  private constructor(drain: Drain) {
    this.#drain = drain;
  }

  /** @throws LoadTestError `client_failed`. */
  static async start(
    binary: string,
    ports: readonly number[],
    plans: readonly ClientPlan[],
    { transport, resuming }: ClientsManner,
  ): Promise<NativeClients> {
    const cursors = resuming ? { since: SINCE_FIELD, narrow: true } : {};
    return new NativeClients(await Drain.start({ binary, port: ports, plans, mode: transport, ...cursors }));
  }

  get pids(): readonly number[] {
    const { pid } = this.#drain;
    return pid === undefined ? [] : [pid];
  }

  async open(count: number, inFlight: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onAbort = (): void => void this.#drain.stop();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#drain.open(count, { inFlight });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  close(count: number): Promise<void> {
    return this.#drain.close(count);
  }

  stall(count: number): Promise<void> {
    return this.#drain.stall(count);
  }

  keep(inFlight: number): Promise<void> {
    return this.#drain.keep({ inFlight, waitMs: REOPEN_MS });
  }

  nap(micros: number): Promise<void> {
    return this.#drain.nap(micros);
  }

  begin(first: number): Promise<void> {
    return this.#drain.begin(first);
  }

  report(): Promise<ClientsReport> {
    return this.#drain.report();
  }

  stop(): Promise<void> {
    return this.#drain.stop();
  }
}
