import { at, type Manifest, numberAt, textAt, titleOf } from "../../deploy/manifest.ts";
import type { Finding } from "../finding.ts";
import { becomes, live, ofKind, type Trial } from "../trial.ts";

/** Whether Deployments get as many pods as their autoscaler wants at least. */
export async function checkScaled(trial: Trial): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const scaler of ofKind(trial, "HorizontalPodAutoscaler")) {
    findings.push(await scaled(trial, scaler, numberAt(scaler, "spec", "minReplicas"), "by the autoscaler"));
  }
  for (const scaler of ofKind(trial, "ScaledObject")) {
    const least = numberAt(scaler, "spec", "minReplicaCount");
    const path = await trial.paths.of(targetOf(scaler));
    await trial.api.merge(`${path}/scale`, { spec: { replicas: least } });
    findings.push(await scaled(trial, scaler, least, "set in place of KEDA, which is not here"));
  }
  return findings;
}

async function scaled(trial: Trial, scaler: Manifest, least: number, how: string): Promise<Finding> {
  const target = targetOf(scaler);
  let replicas: unknown;
  const kept = await becomes(trial, async () => {
    replicas = at(await live(trial, target), "spec", "replicas");
    return replicas === least;
  });
  return {
    kept,
    promise: "is scaled",
    subject: titleOf(scaler),
    seen: kept
      ? `${titleOf(target)} has ${least} replicas, ${how}`
      : `${titleOf(target)} has ${replicas ?? "no"} replicas and not ${least}: look at scaleTargetRef`,
  };
}

function targetOf(scaler: Manifest): Manifest {
  return {
    apiVersion: textAt(scaler, "spec", "scaleTargetRef", "apiVersion"),
    kind: textAt(scaler, "spec", "scaleTargetRef", "kind"),
    metadata: {
      name: textAt(scaler, "spec", "scaleTargetRef", "name"),
      namespace: textAt(scaler, "metadata", "namespace"),
    },
  };
}
