import type { BenchRun } from "./bench-run.ts";
import { openClients } from "./connect-phase.ts";
import { deliver } from "./deliver.ts";
import { latencies, microsOf, mistakes } from "./measure-server.ts";
import type { Measurement, Metric } from "./measurement.ts";
import { calmDown } from "./saturation-phase.ts";
import type { ServerName } from "./server-name.ts";
import type { RoundResult } from "./summary.ts";
import { Turns } from "./turns.ts";

/** Long enough for thousands of deliveries, short enough that what the machine does meanwhile meets the next server, too. */
const TURN_SECONDS = 2;
const GRACE_MS = 5_000;
/**
 * Between two looks of the clients at their connections. Without it a server pays for waking up a program on its own machine, or not, just as
 * sending and reading happen to meet: the same server takes 8 or 10 µs for a delivery.
 */
const NAP_MICROS = 1_000;

/**
 * Lets servers that all run at once do the same in short turns, in one order and then in the other, so that each
 * turn of a server has one of every other beside it: a ratio of two turns of the same number is free of what a shared machine
 * does from one minute to the next. The first turn of each phase warms up and counts for nothing.
 *
 * @param runs clients of which none is open yet
 * @returns as many rounds as there are turns
 * @throws LoadTestError; the reason of the signal.
 */
export async function measureTurns(runs: ReadonlyMap<ServerName, BenchRun>): Promise<readonly RoundResult[]> {
  const turns = new Turns("turns");
  for (const run of runs.values()) {
    await run.clients.nap(NAP_MICROS);
    await openClients(run, besideStorm(run));
  }
  await turns.take(runs, { title: "connections", metric: "connectMicros", turn: connect });
  for (const run of runs.values()) {
    await openClients(run, run.options.many - besideStorm(run));
  }
  await turns.take(runs, {
    title: "to many",
    metric: "manyDeliveryMicros",
    turn: (run) => deliverAll(run, "manyDeliveryMicros", run.options.many, run.options.manyRate),
  });
  for (const run of runs.values()) {
    await run.clients.close(run.options.many - run.options.few);
    await calmDown(run);
  }
  await turns.take(runs, {
    title: "to few",
    metric: "fewDeliveryMicros",
    turn: (run) => deliverAll(run, "fewDeliveryMicros", run.options.few, run.options.fewRate),
  });
  for (const run of runs.values()) {
    await run.clients.nap(0);
  }
  await turns.take(runs, {
    title: "latencies",
    metric: "p99Ms",
    // Of 600 messages the few worst decide, so that a turn is off by a third as often as not.
    times: 2,
    turn: async (run) => {
      const { few, latencyRate } = run.options;
      return latencies(await deliver(run, plan(few, latencyRate)));
    },
  });
  return turns.results();
}

/** How many can be open while the others of all storm in. */
function besideStorm({ options: { many, warmUp } }: BenchRun): number {
  return Math.min(many, warmUp);
}

/** A storm of connections that are closed again. */
async function connect(run: BenchRun): Promise<Partial<Measurement>> {
  const { connections } = run.options;
  const storm = await openClients(run, connections);
  await run.clients.close(connections);
  await calmDown(run);
  return { connectMicros: storm.serverCpuMicros / connections };
}

/** CPU of a delivery, where every message must arrive. */
async function deliverAll(
  run: BenchRun,
  metric: Metric,
  clients: number,
  perSecond: number,
): Promise<Partial<Measurement>> {
  const done = await deliver(run, plan(clients, perSecond));
  return { [metric]: microsOf(done), ...mistakes([done]) };
}

function plan(clients: number, perSecond: number) {
  return { clients, perSecond, seconds: TURN_SECONDS, graceMs: GRACE_MS };
}
