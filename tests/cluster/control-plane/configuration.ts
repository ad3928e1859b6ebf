import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { isRecord, recordAt, textAt } from "../../deploy/manifest.ts";

/** How long a pod takes until it is ready, and until it is gone: long enough to be seen by those who watch, no longer. */
const POD_DELAYS_MS: ReadonlyMap<string, number> = new Map([
  ["pod-ready", 1000],
  ["pod-delete", 2000],
]);

/** The files that the programs of a control plane read, in its directory. */
export interface ControlPlaneConfiguration {
  readonly token: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  /** The API server makes its certificate in here by itself. */
  readonly certificates: string;
  readonly certificate: string;
  readonly kubeconfig: string;
  readonly scheduler: string;
  readonly kwok: string;
}

export async function writeConfiguration(
  directory: string,
  url: string,
  stages: readonly string[],
): Promise<ControlPlaneConfiguration> {
  const certificates = join(directory, "certificates");
  const files = {
    token: randomBytes(16).toString("hex"),
    tokens: join(directory, "tokens.csv"),
    serviceAccountKey: join(directory, "service-accounts.pem"),
    certificates,
    certificate: join(certificates, "apiserver.crt"),
    kubeconfig: join(directory, "kubeconfig.yaml"),
    scheduler: join(directory, "scheduler.yaml"),
    kwok: join(directory, "kwok.yaml"),
  };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(files.tokens, `${files.token},check,check,"system:masters"\n`, { mode: 0o600 });
  await writeFile(files.serviceAccountKey, privateKey.export({ type: "pkcs8", format: "pem" }), {
    mode: 0o600,
  });
  await writeFile(files.kubeconfig, stringify(kubeconfig(url, files)), { mode: 0o600 });
  await writeFile(files.scheduler, stringify(packingScheduler(files.kubeconfig)));
  await writeFile(files.kwok, stages.map(withDelay).join("---\n"));
  return files;
}

function kubeconfig(url: string, { certificate, token }: { certificate: string; token: string }): unknown {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "check", cluster: { server: url, "certificate-authority": certificate } }],
    users: [{ name: "check", user: { token } }],
    contexts: [{ name: "check", context: { cluster: "check", user: "check" } }],
    "current-context": "check",
  };
}

/**
 * A scheduler that fills one node before it takes the next, as clusters do that save nodes, and that spreads nothing by
 * itself: whatever is spread is so because its manifest says so.
 */
function packingScheduler(path: string): unknown {
  const fullest = {
    type: "MostAllocated",
    resources: [
      { name: "cpu", weight: 1 },
      { name: "memory", weight: 1 },
    ],
  };
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: path },
    leaderElection: { leaderElect: false },
    profiles: [
      {
        schedulerName: "default-scheduler",
        pluginConfig: [
          { name: "NodeResourcesFit", args: { scoringStrategy: fullest } },
          { name: "PodTopologySpread", args: { defaultingType: "List", defaultConstraints: [] } },
        ],
      },
    ],
  };
}

function withDelay(text: string): string {
  const stage: unknown = parse(text);
  const delay = POD_DELAYS_MS.get(textAt(stage, "metadata", "name"));
  if (!isRecord(stage) || delay === undefined) return text;
  return stringify({
    ...stage,
    spec: { ...recordAt(stage, "spec"), delay: { durationMilliseconds: delay } },
  });
}
