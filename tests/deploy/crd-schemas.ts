import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir, makeOnce, readEnvironment } from "@tidegate/testkit";
import { CRD_SOURCES, readCrdDefinitions } from "./crd-definitions.ts";
import { say } from "./go-program.ts";
import { isRecord, listAt, type Manifest, recordAt, textAt } from "./manifest.ts";

/** Raised when what becomes of a definition changes. */
const FORMAT = 2;
/** For people, or of no meaning to the validator. */
const NOT_JUDGED: ReadonlySet<string> = new Set(["description", "format"]);

/**
 * The folder with strict schemas of custom resources, `<group>/<kind>_<version>.json` in small letters, made into the cache first if
 * need be.
 *
 * @throws Error if Go is missing, or a module is not what it was.
 */
export async function locateCrdSchemas(): Promise<string> {
  const parent = join(defaultCacheDir(readEnvironment()), "crd-schemas");
  const key = CRD_SOURCES.map(({ module }) =>
    module.replace(/^.*\/([^/]+(?:\/v\d+)?@.*)$/, "$1").replace("/", "-"),
  );
  const target = join(parent, [FORMAT, ...key].join("-"));
  const onWait = () => say("waiting for another process that makes schemas of custom resources");
  return await makeOnce(target, { onWait }, async (staging) => {
    for (const definition of await readCrdDefinitions()) await writeSchemas(staging, definition);
    return staging;
  });
}

async function writeSchemas(target: string, definition: Manifest): Promise<void> {
  const group = textAt(definition, "spec", "group");
  await mkdir(join(target, group), { recursive: true });
  for (const version of listAt(definition, "spec", "versions")) {
    const kind = textAt(definition, "spec", "names", "kind").toLowerCase();
    const schema = strict(recordAt(version, "schema", "openAPIV3Schema"));
    await writeFile(join(target, group, `${kind}_${textAt(version, "name")}.json`), JSON.stringify(schema));
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
