import type { ClientPlan } from "../../client-plan.ts";
import { LoadTestError } from "../../load-test-error.ts";
import { DeliveryLedger } from "../../swarm/delivery-ledger.ts";
import { nowMicros, StampReader } from "../../swarm/stamp.ts";
import { Swarm } from "../../swarm/swarm.ts";
import type { BenchClients, ClientsReport } from "./bench-clients.ts";

/** Clients in this process, where there is no compiler for the native ones. They see each frame as one message. */
export class NodeClients implements BenchClients {
  readonly pids: readonly number[] = [];
  readonly #swarm: Swarm;
  #ledger = new DeliveryLedger(0);

  constructor(ports: readonly number[], plans: readonly ClientPlan[]) {
    this.#swarm = new Swarm(ports, plans);
  }

  open(count: number, inFlight: number, signal: AbortSignal): Promise<void> {
    return this.#swarm.open(count, { inFlight, signal });
  }

  close(count: number): Promise<void> {
    this.#swarm.close(count);
    return Promise.resolve();
  }

  stall(): Promise<void> {
    return Promise.reject(new LoadTestError("client_failed", "clients on Node.js read all there is"));
  }

  keep(): Promise<void> {
    return Promise.reject(new LoadTestError("client_failed", "clients on Node.js do not come back"));
  }

  /** They do not: who waits for them is woken up all the same. */
  nap(): Promise<void> {
    return Promise.resolve();
  }

  begin(first: number): Promise<void> {
    const ledger = new DeliveryLedger(this.#swarm.size, first);
    const stamp = new StampReader();
    this.#ledger = ledger;
    this.#swarm.deliverTo((client, bytes, start, end) => {
      // What has no stamp is a ping message.
      if (stamp.read(bytes, start, end)) {
        ledger.record(client, stamp.sequence, stamp.micros, nowMicros());
      }
    });
    return Promise.resolve();
  }

  /** @throws LoadTestError `connection_lost` if any of them is gone. */
  report(): Promise<ClientsReport> {
    return this.#swarm.orFailure(
      Promise.resolve({ ...this.#ledger.report(), resets: 0, closed: 0, reason: "" }),
    );
  }

  stop(): Promise<void> {
    this.#swarm.close();
    return Promise.resolve();
  }
}
