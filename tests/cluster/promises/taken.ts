import { at, type Manifest, recordAt, titleOf } from "../../deploy/manifest.ts";
import { ApiError } from "../api/api-error.ts";
import type { Finding } from "../finding.ts";
import type { Trial } from "../trial.ts";

/** The state that objects were left in, by their paths. */
export type Applied = ReadonlyMap<string, string>;

/** Applies everything, and goes on where something is refused. */
export async function applyAll({ api, paths, manifests }: Trial): Promise<{
  readonly applied: Applied;
  readonly findings: readonly Finding[];
}> {
  const applied = new Map<string, string>();
  const findings: Finding[] = [];
  for (const manifest of manifests) {
    try {
      const path = await paths.of(manifest);
      applied.set(path, stateOf(await api.apply(path, asApplied(manifest))));
    } catch (error) {
      // Whatever its status: for fields that it does not know the server blames itself (500).
      if (!(error instanceof ApiError)) throw error;
      findings.push({ kept: false, promise: "is taken", subject: titleOf(manifest), seen: error.message });
    }
  }
  if (findings.length === 0) {
    const seen = `${applied.size} objects, each by the server's own schema, unknown fields refused`;
    findings.push({ kept: true, promise: "is taken", subject: "everything", seen });
  }
  return { applied, findings };
}

/** Whether applying all of it again leaves all as it is, whatever has happened to it since. */
export async function applyAgain(trial: Trial): Promise<Finding> {
  const before = new Map<string, string>();
  for (const manifest of trial.manifests) {
    const path = await trial.paths.of(manifest);
    before.set(path, stateOf(await trial.api.get(path)));
  }
  const { applied, findings } = await applyAll(trial);
  const refused = findings.find(({ kept }) => !kept);
  const about = { promise: "stays as it is", subject: "everything" } as const;
  if (refused !== undefined) return { ...refused, ...about };
  const changed = [...applied].filter(([path, state]) => before.get(path) !== state).map(([path]) => path);
  return changed.length === 0
    ? { ...about, kept: true, seen: `${applied.size} objects applied again, none of them changed` }
    : {
        ...about,
        kept: false,
        seen: `applied again, ${changed.join(", ")} changed: leave out what the cluster sets by itself, as autoscalers do replicas`,
      };
}

/** With what `kubectl apply` notes on an object, which counts towards what its annotations may be long. */
function asApplied(manifest: Manifest): Manifest {
  const metadata = recordAt(manifest, "metadata");
  const noted = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(manifest) };
  const annotations = { ...recordAt(metadata, "annotations"), ...noted };
  return { ...manifest, metadata: { ...metadata, annotations } };
}

/** Changes with every change of what somebody asked for; also with its status, for kinds that have neither. */
function stateOf(object: Manifest): string {
  return String(at(object, "metadata", "generation") ?? at(object, "metadata", "resourceVersion"));
}
