import type { NatsConnection } from "@tidegate/testkit";
import type { BenchOptions } from "./bench-arguments.ts";
import type { BenchServer } from "./bench-server.ts";
import type { BenchClients } from "./clients/bench-clients.ts";
import type { Scenario } from "./scenario.ts";
import type { Observed } from "./span.ts";

/** One server, its clients, and the publisher. */
export interface BenchRun {
  readonly server: BenchServer;
  readonly clients: BenchClients;
  /** What stands before a channel in its subject. */
  readonly subjectPrefix: string;
  readonly scenario: Scenario;
  readonly options: BenchOptions;
  readonly nats: NatsConnection;
  readonly observed: Observed;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
  /**
   * The first of so many numbers of messages that no phase has used, so that late messages of one do not disturb
   * the next.
   */
  readonly takeNumbers: (count: number) => number;
}
