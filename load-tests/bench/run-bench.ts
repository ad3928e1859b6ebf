import { readFile } from "node:fs/promises";
import { DEVELOPMENT_KEY, mintToken } from "@tidegate/auth";
import { connectPlainNats, type NatsConnection, startNats } from "@tidegate/testkit";
import { LoadTestError } from "../load-test-error.ts";
import { bareClient, type ClientPlan, gatewayClient } from "../swarm/client-plan.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import { type CpuPlan, pinProcess, planCpus } from "./cpu-pinning.ts";
import { measureServer } from "./measure-server.ts";
import type { Measurement } from "./measurement.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./scenario.ts";
import { SERVER_NAMES, type ServerName, type ServerPlace, startServer } from "./start-servers.ts";

/** One server in one round. */
export interface RoundResult {
  readonly round: number;
  readonly scenario: ScenarioName;
  readonly server: ServerName;
  readonly measurement: Measurement;
}

export interface BenchResult {
  readonly options: BenchOptions;
  readonly cpus: CpuPlan;
  readonly natsVersion: string;
  readonly rounds: readonly RoundResult[];
}

/** What either process has open besides the connections. */
const OTHER_FILES = 200;
const TOKEN_SECONDS = 24 * 60 * 60;

/**
 * Runs all rounds. Servers take turns, so that what changes on the machine meanwhile meets all of them.
 *
 * @throws LoadTestError; TestkitError if there is no nats-server; the reason of the signal.
 */
export async function runBench(
  options: BenchOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<BenchResult> {
  const clients = options.connections + options.warmUp;
  await assertFilesSuffice(clients);
  const cpus = await planCpus();
  const server = await startNats({ own: true, onProgress, signal });
  try {
    if (cpus.kind === "pinned") {
      await pinProcess(process.pid, cpus.clients);
      await pinProcess(server.pid ?? process.pid, cpus.clients);
    }
    onProgress(`minting ${clients} tokens`);
    const tokens = await mintTokens(clients, signal);
    const nats = await connectPlainNats(server.url);
    try {
      const place = { natsUrl: server.url, cpus, profileDirectory: options.profileDirectory };
      const rounds = await runRounds({ options, place, tokens, nats, signal, onProgress });
      return { options, cpus, natsVersion: nats.info?.version ?? "unknown", rounds };
    } finally {
      await nats.close();
    }
  } finally {
    await server.stop();
  }
}

interface RoundsParts {
  readonly options: BenchOptions;
  readonly place: ServerPlace;
  readonly tokens: readonly string[];
  readonly nats: NatsConnection;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

async function runRounds({ options, place, tokens, nats, signal, onProgress }: RoundsParts) {
  const results: RoundResult[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const scenario of options.scenarios) {
      for (const name of SERVER_NAMES) {
        const server = await startServer(name, place);
        try {
          const measurement = await measureServer({
            server,
            scenario: SCENARIOS[scenario],
            options,
            plans: plansFor(name, SCENARIOS[scenario], tokens),
            nats,
            signal,
            onProgress: (what) =>
              onProgress(`round ${round} of ${options.rounds}, ${scenario}, ${name}: ${what}`),
          });
          results.push({ round, scenario, server: name, measurement });
        } finally {
          await server.stop();
        }
      }
    }
  }
  return results;
}

function plansFor(server: ServerName, scenario: Scenario, tokens: readonly string[]): readonly ClientPlan[] {
  return tokens.map((token, client) => {
    if (server === "gateway") {
      return gatewayClient(token, scenario.channelOf(client));
    }
    return bareClient(scenario.name === "own" ? `/?own=${client}` : "/");
  });
}

/** A user for each client: a token for all would let caches do what they cannot do in earnest. */
async function mintTokens(count: number, signal: AbortSignal): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let client = 0; client < count; client += 1) {
    signal.throwIfAborted();
    const claims = {
      sub: `user-${client}`,
      grants: { subscribe: ["bench.>"] },
      expiresInSeconds: TOKEN_SECONDS,
    };
    tokens.push(await mintToken(claims, DEVELOPMENT_KEY));
  }
  return tokens;
}

/** Each side has one file open for each connection; the servers inherit the limit of this process. */
async function assertFilesSuffice(connections: number): Promise<void> {
  let limits: string;
  try {
    limits = await readFile("/proc/self/limits", "utf8");
  } catch {
    // No such file: the system does not tell, and a connection will fail if the limit is too low.
    return;
  }
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (connections + OTHER_FILES > soft) {
    throw new LoadTestError(
      "file_limit",
      `${connections} connections need ${connections + OTHER_FILES} open files, and ${soft} are allowed (ulimit -n)`,
    );
  }
}
