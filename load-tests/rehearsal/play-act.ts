import { setTimeout as delay } from "node:timers/promises";
import { readHeads, readRoundTruths } from "../chaos/accounting/round-truths.ts";
import { ClientCrew } from "../chaos/clients/client-crew.ts";
import { channelNames, planClients } from "../chaos/clients/plan-clients.ts";
import { SUBJECT_PREFIX } from "../chaos/stack/gateway-config.ts";
import { SteadyPublisher } from "../chaos/steady-publisher.ts";
import { nowMicros } from "../swarm/stamp.ts";
import type { ActName } from "./act-name.ts";
import type { ActResult } from "./act-result.ts";
import type { Scene } from "./acts/act.ts";
import { ACTS } from "./acts/acts.ts";
import type { RehearsalOptions } from "./rehearsal-arguments.ts";
import { RehearsalStack } from "./stack/rehearsal-stack.ts";

/** How long everybody may take to be served again, and then to have everything. */
const SERVED_LIMIT_MS = 60_000;
const SETTLE_LIMIT_MS = 60_000;
/** Of the channels. Their subscribers hear nothing but heartbeats, and whoever sends none loses them to HAProxy. */
const QUIET_SHARE = 0.3;
/** Of load that nobody looks at the times of: programs that have just started are slower than they will be. */
const WARM_UP_MS = 5000;
/** HAProxy has one address; it decides who gets to which node. */
const ADDRESSES = 1;

/**
 * Plays one act on a cluster of its own, under load from before it to behind it.
 *
 * @throws LoadTestError; TestkitError; the reason of the signal.
 */
export async function playAct(
  name: ActName,
  options: RehearsalOptions,
  signal: AbortSignal,
  onProgress: (what: string) => void,
): Promise<ActResult> {
  const { nodes, natsServers, windowSeconds } = options;
  const { needs } = ACTS[name];
  const stack = await RehearsalStack.start({ nodes, natsServers, windowSeconds, needs, signal, onProgress });
  try {
    const plans = await planClients(
      options.clients,
      channelNames(options.channels),
      options.transports,
      ADDRESSES,
    );
    onProgress(`connecting ${options.clients} clients`);
    const crew = await ClientCrew.open(plans, [stack.port], options.clientProcesses);
    try {
      return await play(name, { stack, crew, options, signal, onProgress });
    } finally {
      await crew.close();
    }
  } finally {
    await stack.stop();
  }
}

async function play(name: ActName, scene: Scene): Promise<ActResult> {
  const { stack, crew, options, signal, onProgress } = scene;
  const calm = async (): Promise<void> => {
    await delay(options.calmSeconds * 1000, undefined, { signal });
  };
  const heads = await readHeads(stack.backend);
  await crew.begin();
  const publisher = new SteadyPublisher(stack.backend, SUBJECT_PREFIX);
  publisher.begin();
  publisher.start(loudChannels(options), options.rate);
  try {
    await delay(WARM_UP_MS, undefined, { signal });
    const beganMicros = nowMicros();
    await calm();
    const brokeMicros = nowMicros();
    const outcome = await ACTS[name].play(scene);
    await crew.served(SERVED_LIMIT_MS);
    const healedMicros = nowMicros();
    onProgress("all is whole again");
    await calm();
    const endedMicros = nowMicros();
    const publish = await publisher.finish();
    const truths = await readRoundTruths(stack.backend, heads, publisher.firstNumbers);
    const storeLost = publisher.countMissing(truths);
    const tallies = await crew.settle(truths, SETTLE_LIMIT_MS);
    return {
      act: name,
      times: { beganMicros, brokeMicros, healedMicros, endedMicros },
      ...outcome,
      tallies,
      publish,
      stored: truths.reduce((sum, { numbers }) => sum + numbers.length, 0),
      storeLost,
      moments: await crew.timeline(),
    };
  } finally {
    // Nothing is waited for where it failed: its connection is about to be closed.
    publisher.stop();
  }
}

function loudChannels({ channels }: RehearsalOptions): readonly string[] {
  const quiet = Math.min(Math.ceil(channels * QUIET_SHARE), channels - 1);
  return channelNames(channels).slice(0, channels - quiet);
}
