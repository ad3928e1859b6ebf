import { readFileSync } from "node:fs";
import type { DeepReadonly } from "@tidegate/runtime";
import { WebhooksError } from "../webhooks-error.ts";
import { hookSecretProblem } from "./development-hook-secrets.ts";
import type { HookSourceSettings } from "./hook-settings.ts";
import type { HookSource } from "./hook-source.ts";
import { createScheme } from "./schemes/create-scheme.ts";

type Settings = Readonly<Record<string, DeepReadonly<HookSourceSettings>>>;

export interface OpenSourcesOptions {
  readonly mode: "production" | "development";
  /** Reads the files that secrets are in; the file system by default. */
  readonly readFile?: ((path: string) => string) | undefined;
}

/**
 * Makes the sources that the settings name, reading secrets from their files.
 *
 * @throws WebhooksError `invalid` with every problem there is; never with a secret.
 */
export function openSources(
  settings: Settings,
  { mode, readFile = (path) => readFileSync(path, "utf8") }: OpenSourcesOptions,
): ReadonlyMap<string, HookSource> {
  const problems: string[] = [];
  const sources = new Map<string, HookSource>();
  for (const [name, source] of Object.entries(settings)) {
    try {
      sources.set(name, openSource(name, source, mode, readFile));
    } catch (error) {
      problems.push(`source ${name}: ${error instanceof Error ? error.message : "cannot be used"}`);
    }
  }
  if (problems.length > 0) throw new WebhooksError("invalid", problems.join("; "));
  return sources;
}

function openSource(
  name: string,
  { scheme, secrets: given, sameness, publicUrl, certificates }: Settings[string],
  mode: OpenSourcesOptions["mode"],
  readFile: (path: string) => string,
): HookSource {
  const secrets = given.map((secret, index) => {
    const text = typeof secret === "string" ? secret : readSecret(secret.file, readFile);
    const problem = mode === "production" ? hookSecretProblem(text) : undefined;
    if (problem !== undefined) throw new TypeError(`secrets[${index}] ${problem}`);
    return text;
  });
  const certificateMap = new Map(Object.entries(certificates));
  return {
    name,
    schemeName: scheme,
    scheme: createScheme({ scheme, secrets, publicUrl, certificates: certificateMap }),
    sameness,
  };
}

function readSecret(path: string, readFile: (path: string) => string): string {
  let text: string;
  try {
    text = readFile(path).trim();
  } catch {
    throw new TypeError(`the file ${JSON.stringify(path)} cannot be read`);
  }
  if (text === "") throw new TypeError(`the file ${JSON.stringify(path)} is empty`);
  return text;
}
