import { channelProblem } from "@tidegate/protocol";

export interface ProvisionOptions {
  /** Look and tell, but change nothing. */
  readonly dryRun: boolean;
  /** Make changes that delete messages which are stored now. */
  readonly allowDataLoss: boolean;
  /** Namespaces whose cursors shall be reset. */
  readonly newEpochs: readonly string[];
}

export type ParsedProvisionArguments =
  | { readonly ok: true; readonly options: ProvisionOptions; readonly rest: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Follows the sentence that says what the command does. */
export const PROVISION_USAGE = `
Shows what differs first. Does nothing where nothing differs, so it may run at every deployment.

  --dry-run          show what differs, and change nothing
  --allow-data-loss  make changes that delete messages which are stored now
  --new-epoch NAME   reset all cursors of the namespace: after its stream was restored from a copy, or
                     has lost messages; may be given several times`;

/** Takes its own arguments out and leaves the rest, which are those of every program with a configuration. */
export function parseProvisionArguments(argv: readonly string[]): ParsedProvisionArguments {
  let dryRun = false;
  let allowDataLoss = false;
  const newEpochs: string[] = [];
  const rest: string[] = [];
  const remaining = argv.values();
  for (const argument of remaining) {
    if (argument === "--dry-run") {
      dryRun = true;
    } else if (argument === "--allow-data-loss") {
      allowDataLoss = true;
    } else if (argument === "--new-epoch" || argument.startsWith("--new-epoch=")) {
      const inline = argument.slice("--new-epoch=".length);
      const namespace = inline === "" ? remaining.next().value : inline;
      if (namespace === undefined || namespace.startsWith("--") || channelProblem(namespace) !== undefined) {
        return { ok: false, message: "--new-epoch needs the name of a namespace after it" };
      }
      newEpochs.push(namespace);
    } else {
      rest.push(argument);
    }
  }
  return { ok: true, options: { dryRun, allowDataLoss, newEpochs }, rest };
}
