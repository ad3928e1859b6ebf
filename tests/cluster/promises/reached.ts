import { at, listAt, type Manifest, textAt, titleOf } from "../../deploy/manifest.ts";
import type { Finding } from "../finding.ts";
import { becomes, ofKind, type Trial } from "../trial.ts";

/** Whether each Service leads to pods that are ready, on ports that they have. */
export async function checkReached(trial: Trial): Promise<readonly Finding[]> {
  return await Promise.all(ofKind(trial, "Service").map((service) => reached(trial, service)));
}

async function reached(trial: Trial, service: Manifest): Promise<Finding> {
  let ready = 0;
  let ports: readonly unknown[] = [];
  const kept = await becomes(trial, async () => {
    const slices = await slicesOf(trial, service);
    ready = slices
      .flatMap((slice) => listAt(slice, "endpoints"))
      .filter((endpoint) => at(endpoint, "conditions", "ready") === true).length;
    ports = slices.flatMap((slice) => listAt(slice, "ports").map((port) => at(port, "port")));
    return ready > 0 && ports.length === listAt(service, "spec", "ports").length;
  });
  return {
    kept,
    promise: "is reached",
    subject: titleOf(service),
    seen: kept
      ? `${ready} ready behind it, on port ${ports.join(" and ")}`
      : `${ready} ready behind it, on port ${ports.join(" and ") || "none"}: look at selector and targetPort`,
  };
}

async function slicesOf({ api }: Trial, service: Manifest): Promise<readonly Manifest[]> {
  const namespace = textAt(service, "metadata", "namespace");
  const slices = await api.list(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`);
  const name = textAt(service, "metadata", "name");
  return slices.filter((slice) => at(slice, "metadata", "labels", "kubernetes.io/service-name") === name);
}
