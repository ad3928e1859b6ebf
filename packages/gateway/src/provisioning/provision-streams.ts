import { BrokerError, openStreamProvisioner, resolveBrokerOptions, type StreamPlan } from "@tidegate/broker";
import { brokerOptions } from "../settings/broker-options.ts";
import type { GatewaySettings } from "../settings/gateway-settings.ts";
import { historyPolicies } from "../settings/namespace-schema.ts";
import type { ProvisionOptions } from "./provision-arguments.ts";

export interface ProvisionOutput {
  /** One line, for people. */
  readonly say: (line: string) => void;
  /** What went wrong, or was refused. */
  readonly complain: (line: string) => void;
}

type Action = StreamPlan["action"];

const FUTURE: Readonly<Record<Action, string>> = {
  none: "is as it should be",
  create: "will be made",
  update: "will be changed",
  replace: "will be deleted and made anew",
};
const DONE: Readonly<Record<Exclude<Action, "none">, string>> = {
  create: "made",
  update: "changed",
  replace: "made anew",
};

/**
 * Brings the streams of all namespaces with history to what the settings say: shows the difference, then makes it, unless it would
 * delete messages and that is not allowed. Then it makes none of the changes.
 *
 * @returns the exit code: 0 if the streams are as they should be, or nothing was to be changed; 1 otherwise.
 */
export async function provisionStreams(
  settings: GatewaySettings,
  options: ProvisionOptions,
  { say, complain }: ProvisionOutput,
): Promise<0 | 1> {
  const histories = historyPolicies(settings.namespaces);
  const unknown = options.newEpochs.filter((namespace) => !histories.has(namespace));
  if (unknown.length > 0) {
    complain(`no history is kept by ${unknown.join(", ")}, so there is no epoch to change`);
    return 1;
  }
  if (histories.size === 0) {
    say("No namespace keeps history: there is nothing to do.");
    return 0;
  }
  try {
    return await provision(settings, options, { say, complain });
  } catch (error) {
    if (!(error instanceof BrokerError)) {
      throw error;
    }
    complain(error.message);
    return 1;
  }
}

async function provision(
  settings: GatewaySettings,
  { dryRun, allowDataLoss, newEpochs }: ProvisionOptions,
  { say, complain }: ProvisionOutput,
): Promise<0 | 1> {
  const onError = (error: Error): void => complain(error.message);
  const provisioner = await openStreamProvisioner(
    resolveBrokerOptions({ ...brokerOptions(settings, `provision-${process.pid}`), onError }),
  );
  try {
    const plans = await provisioner.plan(newEpochs);
    for (const plan of plans) {
      describe(plan, say);
    }
    const losing = plans.filter(({ losses }) => losses.length > 0).map(({ spec }) => spec.name);
    if (dryRun) {
      say("Nothing was changed.");
      return 0;
    }
    if (losing.length > 0 && !allowDataLoss) {
      complain(
        `Messages of ${losing.join(", ")} would be deleted, so nothing was changed. To delete them, run this again with --allow-data-loss.`,
      );
      return 1;
    }
    for (const plan of plans) {
      if (plan.action !== "none") {
        await provisioner.apply(plan);
        say(`${plan.spec.name} was ${DONE[plan.action]}.`);
      }
    }
    return 0;
  } finally {
    await provisioner.close();
  }
}

function describe({ spec, action, changes, losses }: StreamPlan, say: (line: string) => void): void {
  say(`${spec.name} (namespace ${spec.namespace}) ${FUTURE[action]}${action === "none" ? "" : ":"}`);
  for (const change of changes) {
    say(`  ${change}`);
  }
  for (const loss of losses) {
    say(`  THIS DELETES ${loss}`);
  }
}
