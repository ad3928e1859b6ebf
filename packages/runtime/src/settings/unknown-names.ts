import type { Environment } from "../environment.ts";
import { nearestName } from "../nearest-name.ts";
import { configFileVariable, type SettingsList } from "./define-settings.ts";
import type { Located } from "./located-yaml.ts";
import type { PathTree } from "./path-tree.ts";
import type { SettingsProblem } from "./problem.ts";
import { fileVariableOf, type Setting, variableOf } from "./setting.ts";
import { showName } from "./show-value.ts";

/** Complains about every variable with the table's prefix that no setting reads. */
export function unknownVariables(
  table: SettingsList,
  environment: Environment,
  otherVariables: readonly string[],
): SettingsProblem[] {
  const { prefix, settings } = table;
  const known = new Set([configFileVariable(prefix), ...otherVariables]);
  for (const setting of settings) {
    known.add(variableOf(setting, prefix));
    const file = fileVariableOf(setting, prefix);
    if (file !== undefined) known.add(file);
  }
  const problems: SettingsProblem[] = [];
  for (const name of Object.keys(environment).sort()) {
    if (!name.startsWith(prefix) || known.has(name) || isServiceLink(name, environment[name])) continue;
    problems.push({ source: `env ${showName(name)}`, message: unknownVariable(name, known) });
  }
  return problems;
}

function unknownVariable(name: string, known: ReadonlySet<string>): string {
  const direct = name.replace(/_FILE$/, "");
  if (direct !== name && known.has(direct))
    return `unknown; only secrets can be read from a file, set ${direct}`;
  const near = nearestName(name, known);
  return near === undefined ? "unknown; remove it" : `unknown; did you mean ${near}?`;
}

/** Walks the groups of the file, hands out what lies at settings, and complains about all other names. */
export function walkFile(
  tree: PathTree<Setting>,
  root: Located,
  fileName: string,
): { readonly found: ReadonlyMap<Setting, Located>; readonly problems: readonly SettingsProblem[] } {
  const found = new Map<Setting, Located>();
  const problems: SettingsProblem[] = [];
  const allPaths = leafPaths(tree, "");
  const walk = (node: PathTree<Setting>, located: Located, path: string): void => {
    if (node.kind === "leaf") {
      found.set(node.value, located);
      return;
    }
    // A group whose lines are all commented out is nothing at all.
    if (located.kind === "scalar" && located.value === null) return;
    if (located.kind !== "mapping") {
      const names = [...node.children.keys()].join(", ");
      const where = path === "" ? "" : `, ${path}`;
      problems.push({
        source: `${fileName} line ${located.line}${where}`,
        message: `expected a mapping with any of ${names}`,
      });
      return;
    }
    for (const [name, value] of located.entries) {
      const child = node.children.get(name);
      const inner = path === "" ? name : `${path}.${name}`;
      if (child !== undefined) {
        walk(child, value, inner);
        continue;
      }
      const shown = path === "" ? showName(name) : `${path}.${showName(name)}`;
      problems.push({
        source: `${fileName} line ${value.line}, ${shown}`,
        message: unknownPath(name, path, [...node.children.keys()], allPaths),
      });
    }
  };
  walk(tree, root, "");
  return { found, problems };
}

function unknownPath(
  name: string,
  group: string,
  siblings: readonly string[],
  allPaths: readonly string[],
): string {
  const near = nearestName(name, siblings);
  if (near !== undefined) return `unknown; did you mean ${group === "" ? near : `${group}.${near}`}?`;
  // Right name, wrong group (or none).
  const moved = allPaths.find((path) => path.endsWith(`.${name}`) || path === name);
  if (moved !== undefined) return `unknown; did you mean ${moved}?`;
  return `unknown; known here: ${siblings.join(", ")}`;
}

function leafPaths(tree: PathTree<Setting>, path: string): string[] {
  if (tree.kind === "leaf") return [path];
  return [...tree.children].flatMap(([name, child]) =>
    leafPaths(child, path === "" ? name : `${path}.${name}`),
  );
}

/**
 * Kubernetes gives every container variables for each Service of its namespace, so a Service named `tidegate` creates
 * `TIDEGATE_PORT`, `TIDEGATE_SERVICE_HOST` and the like. Nobody wrote them, so they are no mistake.
 */
function isServiceLink(name: string, value: string | undefined): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true;
  if (/_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value ?? "");
}
