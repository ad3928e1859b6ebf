import { at, kindOf, listAt, type Manifest, recordAt, textAt, titleOf } from "../manifest.ts";

/** A pod template and whose it is. */
export interface Workload {
  /** `Deployment tidegate-gateway` */
  readonly title: string;
  readonly kind: string;
  readonly manifest: Manifest;
  readonly labels: Manifest;
  readonly pod: Manifest;
  readonly containers: readonly Manifest[];
}

/** What the rules ask of the objects of an overlay. */
export class Cluster {
  readonly manifests: readonly Manifest[];
  readonly workloads: readonly Workload[];

  constructor(manifests: readonly Manifest[]) {
    this.manifests = manifests;
    this.workloads = manifests
      .filter((manifest) => at(manifest, "spec", "template", "spec", "containers") !== undefined)
      .map((manifest) => ({
        title: titleOf(manifest),
        kind: kindOf(manifest),
        manifest,
        labels: recordAt(manifest, "spec", "template", "metadata", "labels"),
        pod: recordAt(manifest, "spec", "template", "spec"),
        containers: listAt(manifest, "spec", "template", "spec", "containers").map((one) => recordAt(one)),
      }));
  }

  /** Those that run until they are told to end. */
  get services(): readonly Workload[] {
    return this.workloads.filter(({ kind }) => kind !== "Job");
  }

  ofKind(kind: string): readonly Manifest[] {
    return this.manifests.filter((manifest) => kindOf(manifest) === kind);
  }

  named(kind: string, name: string): Manifest | undefined {
    return this.ofKind(kind).find((manifest) => textAt(manifest, "metadata", "name") === name);
  }

  /** Those whose pods bear all of these labels. */
  selected(labels: Manifest): readonly Workload[] {
    return this.workloads.filter((workload) =>
      Object.entries(labels).every(([name, value]) => workload.labels[name] === value),
    );
  }

  /** What there will be in a Secret, whoever makes it; undefined if nobody does. */
  secretKeys(name: string): readonly string[] | undefined {
    const secret = this.named("Secret", name);
    if (secret !== undefined)
      return Object.keys({ ...recordAt(secret, "data"), ...recordAt(secret, "stringData") });
    const external = this.ofKind("ExternalSecret").find((one) => at(one, "spec", "target", "name") === name);
    return external === undefined
      ? undefined
      : listAt(external, "spec", "data").map((entry) => textAt(entry, "secretKey"));
  }
}

export function portNames({ containers }: Workload): readonly string[] {
  return containers.flatMap((one) => listAt(one, "ports").map((port) => textAt(port, "name")));
}
