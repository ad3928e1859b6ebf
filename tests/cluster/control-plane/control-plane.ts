import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, waitUntil } from "@tidegate/testkit";
import { KubernetesApi } from "../api/kubernetes-api.ts";
import { type ControlPlaneConfiguration, writeConfiguration } from "./configuration.ts";
import { type ControlPlanePrograms, readKwokStages } from "./programs.ts";
import { RunningPrograms } from "./running-programs.ts";

/** A cluster without containers on loopback. Its processes end when this one does, however it ends. */
export interface ControlPlane {
  readonly api: KubernetesApi;
  /** Aborted with the one that it was started with, or when one of its programs ends by itself. */
  readonly signal: AbortSignal;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

const LOOPBACK = "127.0.0.1";

/**
 * Starts etcd, the API server, the controllers, the scheduler, and kwok in place of kubelets, all with empty memories.
 *
 * @throws Error with the end of the log of whichever ended or was not ready in time; the reason of `interrupt` when it aborts.
 */
export async function startControlPlane(
  programs: ControlPlanePrograms,
  interrupt: AbortSignal,
): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-cluster-"));
  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://${LOOPBACK}:${etcdPort}`;
  const peerUrl = `http://${LOOPBACK}:${peerPort}`;
  const apiUrl = `https://${LOOPBACK}:${apiPort}`;
  const files = await writeConfiguration(directory, apiUrl, await readKwokStages());
  const running = new RunningPrograms(directory);
  const signal = AbortSignal.any([interrupt, running.failed]);
  try {
    await running.start(programs.etcd, [
      "--name=check",
      `--data-dir=${join(directory, "etcd")}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=check=${peerUrl}`,
      // Nothing of it is to survive.
      "--unsafe-no-fsync",
    ]);
    await running.start(programs.apiServer, [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${LOOPBACK}`,
      `--advertise-address=${LOOPBACK}`,
      // Nobody in this cluster looks for the API server by name, and loopback is refused as an endpoint.
      "--endpoint-reconciler-type=none",
      `--secure-port=${apiPort}`,
      `--cert-dir=${files.certificates}`,
      `--token-auth-file=${files.tokens}`,
      "--authorization-mode=Node,RBAC",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${files.serviceAccountKey}`,
      `--service-account-signing-key-file=${files.serviceAccountKey}`,
    ]);
    const api = await waitUntil(() => openApi(apiUrl, files, signal), {
      message: "the API server to be ready",
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: 100,
      signal,
    });
    await running.start(programs.controllerManager, [
      `--kubeconfig=${files.kubeconfig}`,
      "--leader-elect=false",
      "--secure-port=0",
      `--root-ca-file=${files.certificate}`,
      `--service-account-private-key-file=${files.serviceAccountKey}`,
      "--use-service-account-credentials=true",
      // Every quarter of a minute by default: nobody wants to wait for it here.
      "--horizontal-pod-autoscaler-sync-period=1s",
    ]);
    await running.start(programs.scheduler, [`--config=${files.scheduler}`, "--secure-port=0"]);
    await running.start(programs.kwok, [
      `--kubeconfig=${files.kubeconfig}`,
      `--config=${files.kwok}`,
      "--manage-all-nodes=true",
      "--node-lease-duration-seconds=40",
    ]);
    return { api, signal, stop: () => running.stop() };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function openApi(
  url: string,
  { certificate, token }: ControlPlaneConfiguration,
  signal: AbortSignal,
): Promise<KubernetesApi> {
  const api = new KubernetesApi({ url, certificate: await readFile(certificate, "utf8"), token, signal });
  await api.text("/readyz");
  return api;
}
