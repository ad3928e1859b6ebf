import { readFileSync } from "node:fs";
import type * as z from "zod";
import { deepFreeze } from "../deep-freeze.ts";
import type { Environment } from "../environment.ts";
import type { SettingsFrom, SettingsList, SettingsTable } from "./define-settings.ts";
import { expectationOf, explainIssues } from "./explain-issues.ts";
import { type Located, parseLocatedYaml } from "./located-yaml.ts";
import { objectOf, treeOf } from "./path-tree.ts";
import type { SettingsProblem } from "./problem.ts";
import { fromEnvironment, fromLocated, type RawValue } from "./raw-values.ts";
import { type Setting, variableOf } from "./setting.ts";
import { showName } from "./show-value.ts";
import { unknownVariables, walkFile } from "./unknown-names.ts";

export interface SettingsSources {
  readonly environment: Environment;
  /** The configuration file as YAML; without it there is only the environment. */
  readonly fileText?: string;
  /** How to call the file in messages; `configuration file` by default. */
  readonly fileName?: string;
  /** Variables with the table's prefix that someone else reads; any other unknown one is refused. */
  readonly otherVariables?: readonly string[];
  /** Reads a secret's file; the file system by default. */
  readonly readFile?: (path: string) => string;
}

export type LoadedSettings<Settings> =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly SettingsProblem[] };

/**
 * Reads all settings of a table: the environment wins over the file, the file over the default. An empty variable counts
 * as not set. Never throws for anything a file or the environment contains; all problems are reported at once.
 */
export function loadSettings<const Table extends readonly Setting[]>(
  table: SettingsTable<Table>,
  sources: SettingsSources,
): LoadedSettings<SettingsFrom<Table>> {
  const { values, origins, problems } = readValues(table, sources);
  if (problems.length > 0) return { ok: false, problems };
  // The tree of valid values has the shape that the table's type says: both follow from the same paths and schemas.
  const settings = deepFreeze(objectOf(treeOf(values))) as SettingsFrom<Table>;
  const disagreements = table.refine(settings);
  if (disagreements.length === 0) return { ok: true, settings };
  return {
    ok: false,
    problems: disagreements.map(({ path, message }) => ({ source: sourceOf(path, origins), message })),
  };
}

interface ReadValues {
  readonly values: ReadonlyMap<string, unknown>;
  /** Where each given value came from; settings left at their default are not in it. */
  readonly origins: ReadonlyMap<string, RawValue>;
  readonly problems: readonly SettingsProblem[];
}

function readValues(table: SettingsList, sources: SettingsSources): ReadValues {
  const { environment, fileText = "", fileName = "configuration file", otherVariables = [] } = sources;
  const readFile = sources.readFile ?? ((path: string) => readFileSync(path, "utf8"));
  const values = new Map<string, unknown>();
  const origins = new Map<string, RawValue>();
  const problems: SettingsProblem[] = [];

  const file = readSettingsFile(table, fileText, fileName);
  problems.push(...file.problems);
  for (const setting of table.settings) {
    const located = file.found.get(setting);
    const fromVariable = fromEnvironment(setting, table.prefix, environment, readFile);
    const useFile = fromVariable.kind === "absent" && located !== undefined;
    const raw = useFile ? fromLocated(setting, located, fileName, readFile) : fromVariable;
    if (raw.kind === "problem") {
      problems.push(raw.problem);
      continue;
    }
    const given = raw.kind === "given" ? raw.raw : undefined;
    if (given !== undefined) origins.set(setting.path, given);
    const value = given === undefined ? setting.fallback?.value : given.value;
    const result = setting.schema.safeParse(value, { reportInput: true });
    if (result.success) values.set(setting.path, result.data);
    else if (given !== undefined) problems.push(...refusals(setting, given, result.error.issues));
    // What an unreadable file would have said is unknown; asking for it again would only bury the real problem.
    else if (file.readable) problems.push(missing(setting, table.prefix));
  }
  problems.push(...unknownVariables(table, environment, otherVariables));
  return { values, origins, problems };
}

interface SettingsFile {
  readonly readable: boolean;
  readonly found: ReadonlyMap<Setting, Located>;
  readonly problems: readonly SettingsProblem[];
}

function readSettingsFile(table: SettingsList, text: string, fileName: string): SettingsFile {
  const parsed = parseLocatedYaml(text);
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ line, message }) => ({
      source: `${fileName} line ${line}`,
      message,
    }));
    return { readable: false, found: new Map(), problems };
  }
  const tree = treeOf(table.settings.map((setting) => [setting.path, setting] as const));
  return { readable: true, ...walkFile(tree, parsed.root, fileName) };
}

function refusals(setting: Setting, given: RawValue, issues: readonly z.core.$ZodIssue[]): SettingsProblem[] {
  return explainIssues(setting, given.value, issues).map(({ path, message }) => ({
    source: given.sourceAt(path),
    message,
  }));
}

function missing(setting: Setting, prefix: string): SettingsProblem {
  const variable = variableOf(setting, prefix);
  const places = setting.secret ? `${variable}, ${variable}_FILE` : variable;
  return {
    source: `setting ${setting.path}`,
    message: `required; set ${places} or ${setting.path} in the configuration file; expected ${expectationOf(setting.schema)}`,
  };
}

function sourceOf(path: string, origins: ReadonlyMap<string, RawValue>): string {
  for (let end = path.length; end > 0; end = path.lastIndexOf(".", end - 1)) {
    const origin = origins.get(path.slice(0, end));
    if (origin === undefined) continue;
    const inner = path.slice(end + 1);
    return origin.sourceAt(inner === "" ? [] : inner.split("."));
  }
  return `setting ${showName(path)}`;
}
