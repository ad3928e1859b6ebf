import { assertFilesSuffice } from "../open-files.ts";
import type { ActResult } from "./act-result.ts";
import { playAct } from "./play-act.ts";
import type { RehearsalOptions } from "./rehearsal-arguments.ts";

/** HAProxy has a connection on each side, and a poller may have two. */
const FILES_PER_CLIENT = 4;
/** Of an act, besides calm, outages and goodbyes: starting, healing and settling on a slow machine. */
const MARGIN_SECONDS = 300;

/**
 * Plays the chosen acts one after the other, and gives the result of each when it is over.
 *
 * @throws LoadTestError; TestkitError if a program is missing or does not start; the reason of the signal, or of its time limit
 *   if an act does not end.
 */
export async function* runRehearsal(
  options: RehearsalOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): AsyncGenerator<ActResult, void, undefined> {
  await assertFilesSuffice(FILES_PER_CLIENT * options.clients);
  for (const act of options.acts) {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(limitSeconds(options) * 1000)]);
    yield await playAct(act, options, limited, (what) => onProgress(`${act}: ${what}`));
  }
}

function limitSeconds({ calmSeconds, outageSeconds, windowSeconds, nodes }: RehearsalOptions): number {
  return 2 * calmSeconds + 2 * outageSeconds + nodes * windowSeconds + MARGIN_SECONDS;
}
