import { type GoModuleFiles, readModuleFiles } from "./go-module.ts";
import { type Manifest, parseManifests } from "./manifest.ts";

/** Where the definitions of kinds that Kubernetes does not know itself come from, as their makers publish them. */
export const CRD_SOURCES: readonly GoModuleFiles[] = [
  {
    module: "sigs.k8s.io/gateway-api@v1.5.1",
    sum: "h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
    files: ["gateways", "httproutes"].map(
      (kind) => `config/crd/standard/gateway.networking.k8s.io_${kind}.yaml`,
    ),
  },
  {
    module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
    files: ["podmonitors", "prometheusrules"].map(
      (kind) => `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
    ),
  },
  {
    module: "github.com/kedacore/keda/v2@v2.21.0",
    sum: "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
    files: ["config/crd/bases/keda.sh_scaledobjects.yaml"],
  },
  {
    module: "github.com/external-secrets/external-secrets@v1.3.2",
    sum: "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
    files: ["config/crds/bases/external-secrets.io_externalsecrets.yaml"],
  },
];

/**
 * The definitions as they would be installed, fetched into the cache first if need be.
 *
 * @throws Error if Go is missing then, or a module is not what it was.
 */
export async function readCrdDefinitions(): Promise<readonly Manifest[]> {
  const definitions: Manifest[] = [];
  for (const source of CRD_SOURCES) {
    for (const text of await readModuleFiles(source)) definitions.push(...parseManifests(text));
  }
  return definitions;
}
