import type { DeepReadonly } from "../deep-freeze.ts";
import type { Unit } from "./schema-note.ts";
import { findLenientObject } from "./schema-shape.ts";
import { fileVariableOf, type Setting, unitOf, variableOf } from "./setting.ts";

/** Most settings and their variables begin with this. */
const DEFAULT_PREFIX = "TIDEGATE_";

/** A reader of `settings.limits.frameBytes` must not have to look up what it counts. */
const UNIT_SUFFIXES: ReadonlyMap<Unit | undefined, string> = new Map([
  ["bytes", "Bytes"],
  ["ms", "Ms"],
  ["s", "Seconds"],
]);

type ValueOf<S> = S extends Setting<string, infer Value> ? Value : never;
type ByPath<Table extends readonly Setting[]> = { [S in Table[number] as S["path"]]: ValueOf<S> };
type Head<Path extends string> = Path extends `${infer First}.${string}` ? First : Path;
type Below<Values, Group extends string> = {
  [Path in keyof Values as Path extends `${Group}.${infer Rest}` ? Rest : never]: Values[Path];
};
type Grouped<Values> = {
  readonly [Key in Head<keyof Values & string>]: Key extends keyof Values
    ? DeepReadonly<Values[Key]>
    : Grouped<Below<Values, Key>>;
};

/** The frozen settings that a list of declarations yields, grouped by path. */
export type SettingsFrom<Table extends readonly Setting[]> = Grouped<ByPath<Table>>;

/** The settings of a table: `type GatewaySettings = SettingsOf<typeof gatewaySettings>`. */
export type SettingsOf<T> = T extends SettingsTable<infer Table> ? SettingsFrom<Table> : never;

/** A setting's path, or a place inside the subtree that it holds. */
type PathIn<Table extends readonly Setting[]> = Table[number]["path"] | `${Table[number]["path"]}.${string}`;

/** Something two or more settings together get wrong, reported where `path` was given. */
export interface Disagreement<Path extends string = string> {
  readonly path: Path;
  readonly message: string;
}

export interface SettingsDefinition<Table extends readonly Setting[]> {
  /** What every variable begins with. A variable that does, and is not in the table, is refused. */
  readonly prefix?: string;
  readonly settings: Table;
  /** Checks between settings; called once every single one is valid. */
  readonly refine?: (settings: SettingsFrom<Table>) => readonly Disagreement<PathIn<Table>>[];
}

export interface SettingsTable<Table extends readonly Setting[] = readonly Setting[]> {
  readonly prefix: string;
  readonly settings: Table;
  readonly refine: (settings: SettingsFrom<Table>) => readonly Disagreement<PathIn<Table>>[];
}

/** The part of a table that does not depend on the types of its values. */
export type SettingsList = Pick<SettingsTable, "prefix" | "settings">;

/**
 * Makes a table of settings: the one place that variables, file paths, validation, defaults and documentation come from.
 *
 * @throws TypeError for a mistake in the table itself: a path or variable used twice, a default that its own schema
 *   refuses, a secret with a default, a size or duration without its unit in the name, an object schema that is not strict.
 */
export function defineSettings<const Table extends readonly Setting[]>(
  definition: SettingsDefinition<Table>,
): SettingsTable<Table> {
  const { prefix = DEFAULT_PREFIX, settings, refine = () => [] } = definition;
  if (!/^[A-Z][A-Z0-9]*_$/.test(prefix))
    throw new TypeError(`prefix: expected a form like TIDEGATE_, got ${prefix}`);
  for (const setting of settings) checkSetting(setting, prefix);
  checkPaths(settings);
  checkVariables(settings, prefix);
  return Object.freeze({ prefix, settings, refine });
}

/** The variable that names the configuration file when no flag does. */
export function configFileVariable(prefix: string): string {
  return `${prefix}CONFIG`;
}

function checkSetting(setting: Setting, prefix: string): void {
  const { path } = setting;
  if (!/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/.test(path)) {
    throw new TypeError(`setting ${path}: a path is camelCase names joined by dots`);
  }
  const variable = variableOf(setting, prefix);
  if (!/^[A-Z][A-Z0-9_]*$/.test(variable))
    throw new TypeError(`setting ${path}: ${variable} is not a variable name`);
  if (setting.doc.trim() === "") throw new TypeError(`setting ${path}: needs a doc`);
  const suffix = UNIT_SUFFIXES.get(unitOf(setting));
  if (suffix !== undefined && !path.endsWith(suffix))
    throw new TypeError(`setting ${path}: the name must end in ${suffix}`);
  const lenient = findLenientObject(setting.schema, path);
  if (lenient !== undefined) {
    throw new TypeError(
      `setting ${path}: the object at ${lenient} must be strict, or unknown keys would be dropped`,
    );
  }
  if (setting.fallback === undefined) return;
  if (setting.secret) throw new TypeError(`setting ${path}: a secret has no default`);
  const result = setting.schema.safeParse(setting.fallback.value);
  if (!result.success) {
    throw new TypeError(`setting ${path}: the default is refused: ${result.error.issues[0]?.message}`);
  }
}

function checkPaths(settings: readonly Setting[]): void {
  const paths = new Set<string>();
  for (const { path } of settings) {
    if (paths.has(path)) throw new TypeError(`setting ${path}: declared twice`);
    paths.add(path);
  }
  for (const path of paths) {
    for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
      const group = path.slice(0, dot);
      if (paths.has(group)) throw new TypeError(`setting ${path}: lies inside setting ${group}`);
    }
  }
}

function checkVariables(settings: readonly Setting[], prefix: string): void {
  const owners = new Map([[configFileVariable(prefix), "the configuration file"]]);
  for (const setting of settings) {
    for (const variable of [variableOf(setting, prefix), fileVariableOf(setting, prefix)]) {
      if (variable === undefined) continue;
      const owner = owners.get(variable);
      if (owner !== undefined)
        throw new TypeError(`setting ${setting.path}: ${variable} already belongs to ${owner}`);
      owners.set(variable, setting.path);
    }
  }
}
