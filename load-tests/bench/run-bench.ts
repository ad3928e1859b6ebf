import { connectPlainNats, type NatsConnection, startNats } from "@tidegate/testkit";
import type { ClientPlan } from "../client-plan.ts";
import { buildDrain } from "../drain/build-drain.ts";
import { LoadTestError } from "../load-test-error.ts";
import { mintTokens } from "../mint-tokens.ts";
import { assertFilesSuffice } from "../open-files.ts";
import type { BenchOptions } from "./bench-arguments.ts";
import type { BenchRun } from "./bench-run.ts";
import type { BenchServer } from "./bench-server.ts";
import type { BenchClients } from "./clients/bench-clients.ts";
import { NativeClients } from "./clients/native-clients.ts";
import { NodeClients } from "./clients/node-clients.ts";
import { CONTENDERS, findCentrifugo } from "./contenders.ts";
import { type CpuPlan, parseCpuList, pinProcess, planCpus } from "./cpu-pinning.ts";
import { GOALS } from "./goals.ts";
import { measureServer } from "./measure-server.ts";
import { measureStall } from "./measure-stall.ts";
import type { Measurement } from "./measurement.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./scenario.ts";
import type { ServerName } from "./server-name.ts";
import type { ServerPlace } from "./server-place.ts";
import type { RoundResult } from "./summary.ts";

/** What clients are used. `binary`: the native program. */
export type ClientsPlan =
  | { readonly kind: "native"; readonly binary: string; readonly title: string }
  | { readonly kind: "node"; readonly title: string };

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
 * Runs all rounds. Servers take turns, so that what changes on the machine meanwhile meets all of them.
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
      const place = { natsUrl: server.url, cpus, profileDirectory, settings: {} };
      const scenarios = presentScenarios(options.scenarios, clients, notes);
      const rounds: RoundResult[] = [];
      const parts = { options, place, clients, tokens, nats, natsPid: server.pid, signal };
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const scenario of scenarios) {
          for (const name of serversOf(scenario, servers, options)) {
            const say = (what: string): void =>
              onProgress(`round ${round} of ${options.rounds}, ${scenario}, ${name}: ${what}`);
            const measurement = await runServer({ ...parts, onProgress: say }, scenario, name);
            rounds.push({ round, scenario, server: name, measurement });
          }
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

/** Those that can take part; unless they were asked for, only those that a goal compares. */
function serversOf(
  scenario: ScenarioName,
  servers: readonly ServerName[],
  { serversChosen }: BenchOptions,
): readonly ServerName[] {
  const able = SCENARIOS[scenario].servers ?? servers;
  const compared = GOALS.filter((goal) => goal.scenario === scenario).flatMap((goal) => [
    goal.subject,
    goal.reference,
  ]);
  const takesAll = serversChosen || scenario === "fan-out";
  return servers.filter((name) => able.includes(name) && (takesAll || compared.includes(name)));
}

interface RunParts {
  readonly options: BenchOptions;
  readonly place: ServerPlace;
  readonly clients: ClientsPlan;
  readonly tokens: readonly string[];
  readonly nats: NatsConnection;
  readonly natsPid: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

async function runServer(parts: RunParts, scenario: ScenarioName, name: ServerName): Promise<Measurement> {
  const { options, tokens, natsPid } = parts;
  const contender = CONTENDERS[name];
  const plan = SCENARIOS[scenario];
  const place = { ...parts.place, settings: plan.settings };
  const server = await contender.start(place);
  let nextNumber = 0;
  const withClients = async <T>(
    some: readonly string[],
    batch: boolean,
    measure: (run: BenchRun) => Promise<T>,
  ): Promise<T> => {
    const { channel, transport, resuming } = plan;
    const plans = some.map((token, client) =>
      contender.plan({ client, token, channel, batch, transport, resuming }),
    );
    const clients = await startClients(parts.clients, server, plans, plan);
    try {
      return await measure({
        ...parts,
        server,
        clients,
        scenario: plan,
        observed: {
          server,
          pids: [...clients.pids, ...(natsPid === undefined ? [] : [natsPid])],
          clientCores: coresOf(place.cpus),
        },
        takeNumbers: (count) => {
          const first = nextNumber;
          nextNumber += count;
          return first;
        },
      });
    } finally {
      await clients.stop();
    }
  };
  try {
    if (scenario === "stall") {
      return await withClients(tokens.slice(0, options.few), false, measureStall);
    }
    const saturates = parts.clients.kind === "native" && options.saturation && contender.saturates;
    const joins = contender.batches && plan.transport === "ws";
    return await withClients(tokens, false, (run) =>
      measureServer(
        run,
        saturates,
        joins ? (measure) => withClients(tokens.slice(0, options.few), true, measure) : undefined,
      ),
    );
  } finally {
    await server.stop();
  }
}

async function startClients(
  plan: ClientsPlan,
  { ports }: BenchServer,
  plans: readonly ClientPlan[],
  scenario: Scenario,
): Promise<BenchClients> {
  return plan.kind === "native"
    ? await NativeClients.start(plan.binary, ports, plans, scenario)
    : new NodeClients(ports, plans);
}

/** How many cores clients and NATS have; unpinned, all but the one that the server takes. */
function coresOf(cpus: CpuPlan): number {
  return cpus.kind === "pinned" ? parseCpuList(cpus.clients).length : 1;
}

async function planClients(
  notes: string[],
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<ClientsPlan> {
  try {
    return { kind: "native", binary: await buildDrain({ onProgress, signal }), title: "native clients" };
  } catch (error) {
    if (!(error instanceof LoadTestError) || error.code !== "tool_missing") {
      throw error;
    }
    notes.push(
      `${error.message}. Clients ran on Node.js instead: no figures of saturation, and latencies are partly theirs.`,
    );
    return { kind: "node", title: "clients on Node.js" };
  }
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
