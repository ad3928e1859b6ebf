import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir, findOnPath, makeOnce, readEnvironment, runCommand } from "@tidegate/testkit";
import { say } from "./go-program.ts";
import { at, isRecord, type Manifest, recordAt } from "./manifest.ts";

/** The newest release and the two before it, which are those that get fixes. */
export const KUBERNETES_VERSIONS = ["1.35.0", "1.36.0", "1.37.0"] as const;

/** A Python package that carries the schemas of the API servers; nothing in it is run. */
const PACKAGE = {
  name: "kubernetes-validate",
  version: "1.37.0",
  sha256: "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9",
} as const;
/** Raised when what becomes of them changes. */
const FORMAT = 1;
const TIMEOUT_MS = 10 * 60_000;
/** Takes the archive, the versions, and where to put them. */
const UNPACK = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
wanted = tuple(f"/v{version}-local-strict/" for version in sys.argv[2].split(","))
for name in archive.namelist():
    if any(part in name for part in wanted):
        archive.extract(name, sys.argv[3])
`;

/**
 * The folder with the strict schemas of {@link KUBERNETES_VERSIONS}, one folder each (`v1.37.0`), fetched into the cache first if
 * need be.
 *
 * @throws Error that says what is missing: Python with pip, or the package.
 */
export async function locateKubernetesSchemas(): Promise<string> {
  const parent = join(defaultCacheDir(readEnvironment()), "kubernetes-schemas");
  const target = join(parent, [FORMAT, PACKAGE.version, ...KUBERNETES_VERSIONS].join("-"));
  const onWait = () => say("waiting for another process that fetches the schemas of Kubernetes");
  return await makeOnce(target, { onWait }, async (staging) => {
    await fetchInto(staging);
    return join(staging, "schemas");
  });
}

async function fetchInto(staging: string): Promise<void> {
  const env = readEnvironment();
  const [python] = await findOnPath("python3", env);
  if (python === undefined) {
    throw new Error("the schemas of Kubernetes come by pip, and there is no python3 on PATH");
  }
  say(`fetching the schemas of Kubernetes ${KUBERNETES_VERSIONS.join(", ")}, 22 MB`);
  const requirements = join(staging, "requirements.txt");
  await writeFile(requirements, `${PACKAGE.name}==${PACKAGE.version} --hash=sha256:${PACKAGE.sha256}\n`);
  const options = { env, cwd: staging, timeoutMs: TIMEOUT_MS };
  const pip = ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
  await runCommand(python, [...pip, "--requirement", requirements, "--dest", staging], options);
  const wheel = (await readdir(staging)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error("pip left no package");
  await runCommand(python, ["-c", UNPACK, wheel, KUBERNETES_VERSIONS.join(), "unpacked"], options);
  const unpacked = join(staging, "unpacked", "kubernetes_validate", "kubernetes-json-schema");
  for (const version of KUBERNETES_VERSIONS) {
    await localize(join(unpacked, `v${version}-local-strict`), join(staging, "schemas", `v${version}`));
  }
}

/** As they are, schemas would have the validator look for other files on the internet, and read two megabytes for each kind. */
async function localize(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const definitions = recordAt(await readJson(join(from, "_definitions.json")), "$defs");
  for (const name of await readdir(from)) {
    const schema = await readJson(join(from, name));
    if (at(schema, "properties", "kind") === undefined || name.includes("list-")) continue;
    await writeFile(join(to, name), JSON.stringify(selfContained(schema, definitions)));
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** The schema with those of the definitions that it refers to, directly or through others, and without what is for people. */
export function selfContained(schema: unknown, definitions: Manifest): Manifest {
  const needed = new Map<string, unknown>();
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) => {
        // Texts alone: there are properties of these names as well.
        if (typeof member !== "string") return [[key, copy(member)]];
        if (key === "description" || key === "$id") return [];
        return [[key, key === "$ref" ? reference(member) : member]];
      }),
    );
  };
  const reference = (target: string): string => {
    const name = target.replace(/^.*#\/\$defs\//, "");
    if (!needed.has(name)) {
      // Before it is copied, since definitions refer to themselves.
      needed.set(name, undefined);
      needed.set(name, copy(definitions[name]));
    }
    return `#/$defs/${name}`;
  };
  return { ...recordAt(copy(schema)), $defs: Object.fromEntries(needed) };
}
