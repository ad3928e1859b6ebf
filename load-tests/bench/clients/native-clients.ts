import type { ClientPlan } from "../../client-plan.ts";
import { Drain } from "../../drain/drain.ts";
import type { BenchClients, ClientsReport } from "./bench-clients.ts";

/** Clients in the native program. */
export class NativeClients implements BenchClients {
  readonly #drain: Drain;

  private constructor(drain: Drain) {
    this.#drain = drain;
  }

  /** @throws LoadTestError `client_failed`. */
  static async start(binary: string, port: number, plans: readonly ClientPlan[]): Promise<NativeClients> {
    return new NativeClients(await Drain.start({ binary, port, plans }));
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
