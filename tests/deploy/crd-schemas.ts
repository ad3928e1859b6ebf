import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir, makeOnce, readEnvironment, runCommand } from "@tidegate/testkit";
import { parse } from "yaml";
import { locateGo, say } from "./go-program.ts";
import { isRecord, listAt, recordAt, textAt } from "./manifest.ts";

/** Where the definitions of kinds that Kubernetes does not know itself come from, as their makers publish them. */
const SOURCES = [
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
] as const;

/** Raised when what becomes of a definition changes. */
const FORMAT = 2;
/** For people, or of no meaning to the validator. */
const NOT_JUDGED: ReadonlySet<string> = new Set(["description", "format"]);
const TIMEOUT_MS = 5 * 60_000;

/**
 * The folder with strict schemas of custom resources, `<group>/<kind>_<version>.json` in small letters, made into the cache first if
 * need be.
 *
 * @throws Error if Go is missing, or a module is not what it was.
 */
export async function locateCrdSchemas(): Promise<string> {
  const parent = join(defaultCacheDir(readEnvironment()), "crd-schemas");
  const key = SOURCES.map(({ module }) =>
    module.replace(/^.*\/([^/]+(?:\/v\d+)?@.*)$/, "$1").replace("/", "-"),
  );
  const target = join(parent, [FORMAT, ...key].join("-"));
  const onWait = () => say("waiting for another process that fetches definitions of custom resources");
  return await makeOnce(target, { onWait }, async (staging) => {
    const go = await locateGo("fetching the definitions of custom resources");
    for (const source of SOURCES) await fetchInto(staging, go, source);
    return staging;
  });
}

async function fetchInto(target: string, go: string, source: (typeof SOURCES)[number]): Promise<void> {
  const { module, sum, files } = source;
  say(`fetching the definitions of custom resources in ${module}`);
  const said = await runCommand(go, ["mod", "download", "-json", module], {
    env: readEnvironment(),
    cwd: target,
    timeoutMs: TIMEOUT_MS,
  });
  const downloaded: unknown = JSON.parse(said);
  if (textAt(downloaded, "Sum") !== sum) throw new Error(`${module} is not what it was when it was pinned`);
  for (const file of files) {
    const definition: unknown = parse(await readFile(join(textAt(downloaded, "Dir"), file), "utf8"));
    const group = textAt(definition, "spec", "group");
    await mkdir(join(target, group), { recursive: true });
    for (const version of listAt(definition, "spec", "versions")) {
      const kind = textAt(definition, "spec", "names", "kind").toLowerCase();
      const schema = strict(recordAt(version, "schema", "openAPIV3Schema"));
      await writeFile(join(target, group, `${kind}_${textAt(version, "name")}.json`), JSON.stringify(schema));
    }
  }
}

/**
 * What the API server makes of a definition, as a JSON schema: fields that are not in it are refused. The metadata, about which
 * definitions say nothing, may be anything.
 */
export function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isRecord(schema)) return schema;
  const { properties, nullable, "x-kubernetes-int-or-string": intOrString, ...rest } = schema;
  const open = rest["x-kubernetes-preserve-unknown-fields"] === true || "additionalProperties" in rest;
  return {
    ...Object.fromEntries(
      Object.entries(rest)
        .filter(([key]) => !NOT_JUDGED.has(key))
        .map(([key, value]) => [key, strict(value)]),
    ),
    ...(isRecord(properties)
      ? {
          // By name, since a property may be called like a keyword.
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, strict(value)]),
          ),
          ...(open || rest["type"] !== "object" ? {} : { additionalProperties: false }),
        }
      : {}),
    ...(intOrString === true ? { type: ["integer", "string"] } : {}),
    ...(nullable === true && typeof rest["type"] === "string" ? { type: [rest["type"], "null"] } : {}),
  };
}
