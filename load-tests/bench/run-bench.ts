import { connectPlainNats, startNats } from "@tidegate/testkit";
import { mintTokens } from "../mint-tokens.ts";
import { assertFilesSuffice } from "../open-files.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import { type ClientsPlan, planClients } from "./clients/clients-plan.ts";
import { findCentrifugo } from "./contenders.ts";
import { type CpuPlan, pinProcess, planCpus } from "./cpu-pinning.ts";
import { metricsCompared } from "./goals.ts";
import { runScenario } from "./run-scenario.ts";
import { SCENARIOS, type ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { RoundResult } from "./summary.ts";

export interface BenchResult {
  readonly options: BenchOptions;
  readonly cpus: CpuPlan;
  readonly clients: ClientsPlan;
  readonly natsVersion: string;
  readonly rounds: readonly RoundResult[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/**
 * Runs all rounds. In each, servers take turns, so that what changes on the machine meanwhile meets all of them; and each is started anew: one
 * process of a program may cost a tenth more than another of the same, for as long as it lives.
 *
 * @throws LoadTestError; TestkitError if there is no nats-server; the reason of the signal.
 */
export async function runBench(
  options: BenchOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<BenchResult> {
  const connections = options.connections + options.warmUp;
  await assertFilesSuffice(connections);
  const notes: string[] = [];
  const clients = await planClients(notes, signal, onProgress);
  const servers = await presentServers(options.servers, notes);
  const cpus = await planCpus();
  const server = await startNats({ own: true, onProgress, signal });
  try {
    if (cpus.kind === "pinned") {
      await pinProcess(process.pid, cpus.clients);
      await pinProcess(server.pid ?? process.pid, cpus.clients);
    }
    onProgress(`minting ${connections} tokens`);
    const tokens = await mintTokens(connections, ["bench.>"], signal);
    const nats = await connectPlainNats(server.url);
    try {
      const { profileDirectory } = options;
      const place = { natsUrl: server.url, cpus, profileDirectory };
      const scenarios = presentScenarios(options.scenarios, clients, notes);
      const rounds: RoundResult[] = [];
      const parts = { options, place, clients, tokens, nats, natsPid: server.pid, signal };
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const scenario of scenarios) {
          const say = (what: string): void =>
            onProgress(`round ${round} of ${options.rounds}, ${scenario}, ${what}`);
          const names = serversOf(scenario, servers, options, round);
          const found = await runScenario({ ...parts, onProgress: say }, scenario, names);
          rounds.push(...found.map((result) => ({ ...result, round: rounds.length + result.round })));
        }
      }
      return { options, cpus, clients, natsVersion: nats.info?.version ?? "unknown", rounds, notes };
    } finally {
      await nats.close();
    }
  } finally {
    await server.stop();
  }
}

function presentScenarios(
  wanted: readonly ScenarioName[],
  clients: ClientsPlan,
  notes: string[],
): readonly ScenarioName[] {
  return wanted.filter((name) => {
    const isPossible = clients.kind === "native" || !SCENARIOS[name].native;
    if (!isPossible) {
      notes.push(`Without the native clients there is no scenario ${name}.`);
    }
    return isPossible;
  });
}

/** Those that can take part; unless they were asked for, only those that a goal compares, and in the first round others beside them. */
function serversOf(
  scenario: ScenarioName,
  servers: readonly ServerName[],
  { serversChosen }: BenchOptions,
  round: number,
): readonly ServerName[] {
  const able = SCENARIOS[scenario].servers;
  const compared = metricsCompared(scenario);
  const takesAll = serversChosen || (scenario === "fan-out" && round === 1);
  return servers.filter((name) => able.includes(name) && (takesAll || compared.has(name)));
}

async function presentServers(
  wanted: readonly ServerName[],
  notes: string[],
): Promise<readonly ServerName[]> {
  if (!wanted.includes("centrifugo") || (await findCentrifugo()) !== undefined) {
    return wanted;
  }
  notes.push("There is no centrifugo on PATH, so it is not in the table.");
  return wanted.filter((name) => name !== "centrifugo");
}
