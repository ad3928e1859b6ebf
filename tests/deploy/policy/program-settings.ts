import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { GATEWAY_SETTINGS, type GatewaySettings } from "@tidegate/gateway";
import { type Environment, type LoadedSettings, loadSettings } from "@tidegate/runtime";
import { WEBHOOK_SERVICE_SETTINGS, type WebhookServiceSettings } from "@tidegate/webhooks";
import { at, listAt, textAt } from "../manifest.ts";
import type { Cluster, Workload } from "./cluster.ts";
import { programOf } from "./pod-rules.ts";

const ROOT = join(import.meta.dirname, "../../..");
const CONFIG_FILE = "TIDEGATE_CONFIG";
/** What Kubernetes calls a pod of a Deployment. */
const POD_NAME = "tidegate-gateway-7c9d8f6b5d-x7k2p";

/** What the programs make of their settings; undefined for other programs. */
export type ProgramSettings =
  | { readonly program: "gateway"; readonly loaded: LoadedSettings<GatewaySettings> }
  | { readonly program: "webhooks"; readonly loaded: LoadedSettings<WebhookServiceSettings> };

/** What a program would find where it runs. */
interface ProgramPlace {
  readonly environment: Environment;
  /** The text of the file that its variables name. @throws Error if there will be no such file. */
  readConfig(path: string): string;
  /** The text of a secret. @throws Error if there will be no such file. */
  readSecret(path: string): string;
}

/** Loads what a program of this repository would load, in the code that it will run; undefined for other programs. */
export function loadProgramSettings(
  program: string | undefined,
  place: ProgramPlace,
): ProgramSettings | undefined {
  if (program === undefined || !existsSync(join(ROOT, program))) return undefined;
  const { environment } = place;
  const configFile = environment[CONFIG_FILE] ?? "";
  const sources = {
    environment,
    fileText: place.readConfig(configFile),
    fileName: basename(configFile),
    readFile: (path: string) => place.readSecret(path),
  };
  return program.startsWith("services/gateway/")
    ? { program: "gateway", loaded: loadSettings(GATEWAY_SETTINGS, sources) }
    : { program: "webhooks", loaded: loadSettings(WEBHOOK_SERVICE_SETTINGS, sources) };
}

/** Loads what a workload would load, with its variables, its ConfigMap and its Secret. */
export function settingsOf(cluster: Cluster, workload: Workload): ProgramSettings | undefined {
  return loadProgramSettings(programOf(workload), {
    environment: environmentOf(workload),
    readConfig: (path) => configText(cluster, workload, path),
    readSecret: (path) => secretText(cluster, workload, path),
  });
}

/** The variables that the programs read. */
export function environmentOf({ containers }: Workload): Environment {
  const environment: Record<string, string> = {};
  for (const variable of listAt(containers[0], "env")) {
    const value = at(variable, "value") ?? POD_NAME;
    // As Kubernetes does it: only variables that were defined before.
    const expanded = String(value).replace(
      /\$\((\w+)\)/g,
      (whole, name: string) => environment[name] ?? whole,
    );
    environment[textAt(variable, "name")] = expanded;
  }
  return environment;
}

/** What stands in the ConfigMap that is mounted there. @throws Error if nothing is. */
function configText(cluster: Cluster, workload: Workload, path: string): string {
  const volume = volumeAt(workload, path);
  const map = cluster.named("ConfigMap", textAt(volume, "configMap", "name"));
  return textAt(map, "data", basename(path));
}

/** What secrets must look like that are more than some characters. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ["secret-keys", `2026a:${Buffer.alloc(32, "x").toString("base64")}`],
]);

/** A secret that is long enough for everything. @throws Error if there will be no such file. */
function secretText(cluster: Cluster, workload: Workload, path: string): string {
  const keys = cluster.secretKeys(textAt(volumeAt(workload, path), "secret", "secretName"));
  if (!keys?.includes(basename(path))) throw new Error(`there will be no ${path}`);
  const form = FORMS.get(basename(path));
  return form ?? "a secret that nobody has drawn at random, for tests, and long enough for every algorithm";
}

function volumeAt({ pod, containers }: Workload, path: string): unknown {
  const mount = listAt(containers[0], "volumeMounts").find((one) =>
    path.startsWith(`${textAt(one, "mountPath")}/`),
  );
  const volume = listAt(pod, "volumes").find((one) => at(one, "name") === at(mount, "name"));
  if (mount === undefined || volume === undefined) throw new Error(`nothing is mounted at ${path}`);
  return volume;
}
