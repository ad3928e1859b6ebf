import { Context, TransportContext } from "./context.ts";
import type { Scenario } from "./scenario.ts";
import type { Target } from "./target.ts";
import { TRANSPORT_NAMES, type Transport, type TransportName } from "./transports/transport.ts";

/** One scenario on one transport. */
export interface Run {
  readonly scenario: Scenario;
  /** What it runs over: the transport, or what the scenario says. */
  readonly over: string;
  readonly transport: TransportName | undefined;
}

export function runsOf(scenario: Scenario): readonly Run[] {
  return scenario.kind === "every transport"
    ? TRANSPORT_NAMES.map((transport) => ({ scenario, over: transport, transport }))
    : [{ scenario, over: scenario.over, transport: undefined }];
}

/**
 * Runs it, and returns the differences that it named.
 *
 * @param replace for tests of the suite itself: makes another transport of the one that it runs on.
 *
 * @throws whatever the scenario found wrong.
 */
export async function perform(
  { scenario, transport }: Run,
  target: Target,
  replace?: (transport: Transport) => Transport,
): Promise<readonly string[]> {
  if (scenario.kind === "every transport" && transport !== undefined) {
    const context = new TransportContext(target, transport, replace);
    return finished(context, scenario.run(context));
  }
  if (scenario.kind === "once") {
    const context = new Context(target);
    return finished(context, scenario.run(context));
  }
  throw new TypeError("a scenario for every transport needs one");
}

async function finished(context: Context, running: Promise<void>): Promise<readonly string[]> {
  try {
    await running;
    return context.differences;
  } finally {
    await context.leave();
  }
}
