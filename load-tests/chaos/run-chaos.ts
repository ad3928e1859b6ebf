import { assertFilesSuffice } from "../open-files.ts";
import type { ChaosOptions, ScenarioName } from "./chaos-arguments.ts";
import { breakLinks } from "./scenarios/broken-link.ts";
import { killGateways } from "./scenarios/gateway-kill.ts";
import { returnAtOnce } from "./scenarios/reconnect-storm.ts";
import type { Round } from "./scenarios/round.ts";
import type { ScenarioContext } from "./scenarios/scenario.ts";
import { killStreamServers } from "./scenarios/stream-kill.ts";

export interface ScenarioResult {
  readonly scenario: ScenarioName;
  readonly rounds: readonly Round[];
}

const SCENARIOS: Readonly<Record<ScenarioName, (context: ScenarioContext) => Promise<readonly Round[]>>> = {
  "gateway-kill": killGateways,
  "stream-kill": killStreamServers,
  "broken-link": breakLinks,
  "reconnect-storm": returnAtOnce,
};

/**
 * Runs the chosen scenarios one after the other, and gives the results of each when it is over.
 *
 * @throws LoadTestError; TestkitError if a program is missing or does not start; the reason of the signal.
 */
export async function* runChaos(
  options: ChaosOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): AsyncGenerator<ScenarioResult, void, undefined> {
  for (const scenario of options.scenarios) {
    const size = options.sizes[scenario];
    // At worst one node has everybody; a poller may have a second connection.
    await assertFilesSuffice(2 * size.clients);
    const context: ScenarioContext = {
      options,
      size,
      signal,
      onProgress: (what) => onProgress(`${scenario}: ${what}`),
    };
    yield { scenario, rounds: await SCENARIOS[scenario](context) };
  }
}
