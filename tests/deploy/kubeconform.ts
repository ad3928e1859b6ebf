import { join } from "node:path";
import { readEnvironment, runCommand } from "@tidegate/testkit";
import { locateCrdSchemas } from "./crd-schemas.ts";
import { type GoProgram, locateGoProgram } from "./go-program.ts";
import { locateKubernetesSchemas } from "./kubernetes-schemas.ts";
import { listAt, numberAt, textAt } from "./manifest.ts";

const KUBECONFORM: GoProgram = {
  name: "kubeconform",
  package: "github.com/yannh/kubeconform/cmd/kubeconform",
  version: "v0.7.0",
  takes: "ten seconds",
};
const TIMEOUT_MS = 60_000;

interface Verdict {
  /** Objects that were held against a schema and found right. */
  readonly valid: number;
  /** What is wrong, a line each; an object without a schema is wrong, too. */
  readonly problems: readonly string[];
}

/** Validates a file of manifests as the API server of a version of Kubernetes would; unknown fields are refused. */
export type Validate = (file: string, kubernetesVersion: string) => Promise<Verdict>;

/** Gets what it takes first, if need be. */
export async function openKubeconform(): Promise<Validate> {
  const program = await locateGoProgram(KUBECONFORM);
  const kubernetes = await locateKubernetesSchemas();
  const crds = await locateCrdSchemas();
  const locations = [
    join(kubernetes, "{{.NormalizedKubernetesVersion}}", "{{.ResourceKind}}{{.KindSuffix}}.json"),
    join(crds, "{{.Group}}", "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"),
  ].flatMap((location) => ["-schema-location", location]);
  return async (file, kubernetesVersion) => {
    const options = ["-strict", "-summary", "-output", "json", "-kubernetes-version", kubernetesVersion];
    const lines: string[] = [];
    await runCommand(program, [...options, ...locations, file], {
      env: readEnvironment(),
      timeoutMs: TIMEOUT_MS,
      onLine: (line) => lines.push(line),
      // It fails where it finds something wrong, which is an answer and no failure.
    }).catch((error: unknown) => {
      if (lines[0] !== "{") throw error;
    });
    const answer: unknown = JSON.parse(lines.join("\n"));
    return {
      valid: numberAt(answer, "summary", "valid"),
      problems: listAt(answer, "resources").map(
        (resource) => `${textAt(resource, "kind")} ${textAt(resource, "name")}: ${textAt(resource, "msg")}`,
      ),
    };
  };
}
