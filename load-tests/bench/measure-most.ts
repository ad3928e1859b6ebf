import type { BenchRun } from "./bench-run.ts";
import { openClients } from "./connect-phase.ts";
import { calmDown, FIRST_RATE, mostFound, mostJoinedFound, saturate } from "./saturation-phase.ts";
import type { ServerName } from "./server-name.ts";
import type { RoundResult } from "./summary.ts";
import { Turns } from "./turns.ts";

/**
 * Looks for the most that servers deliver in turns: what a core can do at all differs by a third from one minute to the next on a machine
 * that others use, and a search takes ten seconds.
 *
 * @param plain clients of which none is open yet
 * @param joining the same, that ask for joined messages
 * @returns as many rounds as there are turns
 * @throws LoadTestError; the reason of the signal.
 */
export async function measureMost(
  plain: ReadonlyMap<ServerName, BenchRun>,
  joining: ReadonlyMap<ServerName, BenchRun>,
): Promise<readonly RoundResult[]> {
  const turns = new Turns("most");
  await turns.take(plain, {
    title: "most",
    metric: "mostDeliveries",
    turn: async (run) => mostFound(await searched(run, "most deliveries")),
  });
  await turns.take(joining, {
    title: "most, joined",
    metric: "mostBatched",
    turn: async (run) => mostJoinedFound(await searched(run, "most, joined")),
  });
  return turns.results();
}

async function searched(run: BenchRun, what: string) {
  const { few } = run.options;
  await openClients(run, few);
  const found = await saturate(run, { clients: few, firstRate: FIRST_RATE, what });
  await run.clients.close(few);
  await calmDown(run);
  return found;
}
