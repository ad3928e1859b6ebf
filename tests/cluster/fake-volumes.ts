import { at, kindOf, listAt, type Manifest, recordAt, textAt } from "../deploy/manifest.ts";

const VOLUMES = "/api/v1/persistentvolumes";

/** A volume for each claim that StatefulSets will make, in place of what a cloud would make. They name no class. */
export function volumesFor(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests
    .filter((manifest) => kindOf(manifest) === "StatefulSet")
    .flatMap((set) => {
      const count = Number(at(set, "spec", "replicas") ?? 1);
      return listAt(set, "spec", "volumeClaimTemplates").flatMap((claim) =>
        Array.from({ length: count }, (_, index) =>
          volume(claim, `${textAt(set, "metadata", "name")}-${textAt(claim, "metadata", "name")}-${index}`),
        ),
      );
    });
}

export function volumePath(volume: Manifest): string {
  return `${VOLUMES}/${textAt(volume, "metadata", "name")}`;
}

function volume(claim: unknown, name: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: recordAt(claim, "spec", "resources", "requests"),
      accessModes: listAt(claim, "spec", "accessModes"),
      hostPath: { path: "/nonexistent" },
    },
  };
}
