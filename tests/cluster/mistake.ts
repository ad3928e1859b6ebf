import { isRecord, kindOf, type Manifest, recordAt, textAt } from "../deploy/manifest.ts";
import type { PromiseName } from "./finding.ts";

/** Something wrong that no schema shows, and the promise that breaks by it. */
export interface Mistake {
  readonly name: string;
  readonly breaks: PromiseName;
  readonly make: (manifests: readonly Manifest[]) => readonly Manifest[];
}

/** At least one for each promise that could be broken, of the overlay `production`. */
export const MISTAKES: readonly Mistake[] = [
  {
    name: "a field that is none",
    breaks: "is taken",
    make: changed("Deployment", "tidegate-gateway", ["spec"], { replica: 3 }),
  },
  {
    name: "an autoscaler of a Deployment that is not there",
    breaks: "is scaled",
    make: changed("HorizontalPodAutoscaler", "tidegate-gateway", ["spec", "scaleTargetRef"], {
      name: "tidegate-gateways",
    }),
  },
  {
    name: "pods that may run as root, where the namespace forbids it",
    breaks: "becomes available",
    make: changed("Deployment", "tidegate-gateway", ["spec", "template", "spec", "securityContext"], {
      runAsNonRoot: false,
    }),
  },
  {
    name: "a Service that selects nobody",
    breaks: "is reached",
    make: changed("Service", "tidegate-gateway", ["spec", "selector"], {
      "app.kubernetes.io/component": "gateways",
    }),
  },
  {
    name: "pods that nothing spreads",
    breaks: "is spread",
    make: changed("Deployment", "tidegate-gateway", ["spec", "template", "spec"], {
      topologySpreadConstraints: [],
    }),
  },
  {
    name: "replicas beside an autoscaler",
    breaks: "stays as it is",
    make: changed("Deployment", "tidegate-gateway", ["spec"], { replicas: 1 }),
  },
  {
    name: "old pods that leave first",
    breaks: "is replaced in order",
    make: changed("Deployment", "tidegate-gateway", ["spec", "strategy", "rollingUpdate"], {
      maxSurge: 0,
      maxUnavailable: 1,
    }),
  },
  {
    name: "versions that are spread together, over closed nodes as well",
    breaks: "is replaced in order",
    make: changed("Deployment", "tidegate-gateway", ["spec", "template", "spec"], {
      topologySpreadConstraints: [
        spread("kubernetes.io/hostname", "DoNotSchedule"),
        spread("topology.kubernetes.io/zone", "ScheduleAnyway"),
      ],
    }),
  },
  {
    name: "no budget of disruptions",
    breaks: "is not emptied at once",
    make: without("PodDisruptionBudget", "tidegate-gateway"),
  },
  {
    name: "a kind that is deprecated",
    breaks: "is warned of nothing",
    make: (manifests) => [
      ...manifests,
      {
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: "elsewhere", namespace: "tidegate" },
      },
    ],
  },
];

/** As it is without `matchLabelKeys` and `nodeTaintsPolicy`. */
function spread(topologyKey: string, whenUnsatisfiable: string): unknown {
  const matchLabels = { "app.kubernetes.io/name": "tidegate", "app.kubernetes.io/component": "gateway" };
  return { topologyKey, maxSkew: 1, whenUnsatisfiable, labelSelector: { matchLabels } };
}

function changed(kind: string, name: string, path: readonly string[], fields: Manifest): Mistake["make"] {
  return (manifests) => {
    const found = manifests.find((one) => isNamed(one, kind, name));
    if (found === undefined) throw new TypeError(`there is no ${kind} ${name}`);
    return manifests.map((manifest) => (manifest === found ? withFields(manifest, path, fields) : manifest));
  };
}

function without(kind: string, name: string): Mistake["make"] {
  return (manifests) => {
    const left = manifests.filter((one) => !isNamed(one, kind, name));
    if (left.length === manifests.length) throw new TypeError(`there is no ${kind} ${name}`);
    return left;
  };
}

function isNamed(manifest: Manifest, kind: string, name: string): boolean {
  return kindOf(manifest) === kind && textAt(manifest, "metadata", "name") === name;
}

function withFields(value: Manifest, [step, ...rest]: readonly string[], fields: Manifest): Manifest {
  if (step === undefined) return { ...value, ...fields };
  if (!isRecord(value[step])) throw new TypeError(`there is nothing at ${step}`);
  return { ...value, [step]: withFields(recordAt(value, step), rest, fields) };
}
