import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type ModuleImport, moduleImports } from "./module-imports.ts";
import { type Token, typescriptTokens } from "./typescript-tokens.ts";

/** A package or service of the repository. */
export interface Workspace {
  /** `packages/<name>` or `services/<name>`. */
  readonly directory: string;
  readonly name: string;
  /** Names of other workspaces, from package.json. */
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
  /** Directories that tsconfig.json refers to, from the root of the repository. */
  readonly references: ReadonlySet<string>;
}

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** Never built: `*.test.ts`, and what tests share: `*.fixture.ts`, or the folder `testing` of a workspace. */
  readonly isTest: boolean;
  /** `undefined`: scripts, repository-wide tests and load tests, which belong to no workspace. */
  readonly workspace: Workspace | undefined;
  readonly tokens: readonly Token[];
  readonly imports: readonly ModuleImport[];
}

export interface SourceTree {
  readonly files: readonly SourceFile[];
  readonly workspaces: readonly Workspace[];
  /** What the root's package.json lists as workspaces. */
  readonly listedWorkspaces: ReadonlySet<string>;
  /** What `tsc -b` builds. */
  readonly rootReferences: ReadonlySet<string>;
}

const SOURCE_NAME = /\.[cm]?[jt]s$/;
const TEST_PATH = /\.(?:test|fixture)\.[cm]?[jt]s$|^(?:packages|services)\/[^/]+\/testing\//;
const MANIFEST_PATH = /^(?:(?:packages|services)\/[^/]+\/)?(?:package|tsconfig)\.json$/;
const IGNORED_DIRECTORIES = new Set(["node_modules", "dist", "coverage"]);

/** Reads a checkout. Installed, built and hidden directories are left out. */
export function readSourceTree(root: string): SourceTree {
  const texts: Record<string, string> = {};
  const pending = [""];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = posix.join(directory, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith(".") && !IGNORED_DIRECTORIES.has(entry.name)) {
        pending.push(path);
      } else if (entry.isFile() && (SOURCE_NAME.test(path) || MANIFEST_PATH.test(path))) {
        texts[path] = readFileSync(join(root, path), "utf8");
      }
    }
  }
  return sourceTree(texts);
}

/** The tree of the given files, by path. */
export function sourceTree(texts: Readonly<Record<string, string>>): SourceTree {
  const paths = Object.keys(texts).sort();
  const workspaces = paths.flatMap((path) => {
    const directory = /^((?:packages|services)\/[^/]+)\/package\.json$/.exec(path)?.[1];
    return directory === undefined ? [] : [workspaceIn(directory, texts)];
  });
  const files = paths
    .filter((path) => SOURCE_NAME.test(path))
    .map((path) => sourceFile(path, texts[path] ?? "", workspaces));
  return {
    files,
    workspaces,
    listedWorkspaces: new Set(strings(manifest(texts, "package.json")["workspaces"])),
    rootReferences: referencesIn("", texts),
  };
}

function sourceFile(path: string, text: string, workspaces: readonly Workspace[]): SourceFile {
  try {
    const tokens = typescriptTokens(text);
    return {
      path,
      lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
      isTest: TEST_PATH.test(path),
      workspace: workspaces.find(({ directory }) => path.startsWith(`${directory}/`)),
      tokens,
      imports: moduleImports(tokens),
    };
  } catch (error) {
    throw new Error(`${path} cannot be read as TypeScript`, { cause: error });
  }
}

function workspaceIn(directory: string, texts: Readonly<Record<string, string>>): Workspace {
  const { name, dependencies, devDependencies } = manifest(texts, `${directory}/package.json`);
  return {
    directory,
    name: typeof name === "string" ? name : directory,
    dependencies: workspaceNames(dependencies),
    devDependencies: workspaceNames(devDependencies),
    references: referencesIn(directory, texts),
  };
}

function workspaceNames(dependencies: unknown): ReadonlySet<string> {
  return new Set(Object.keys(record(dependencies)).filter((name) => name.startsWith("@tidegate/")));
}

function referencesIn(directory: string, texts: Readonly<Record<string, string>>): ReadonlySet<string> {
  const { references } = manifest(texts, posix.join(directory, "tsconfig.json"));
  const paths = strings(
    Array.isArray(references) ? references.map((reference) => record(reference)["path"]) : [],
  );
  return new Set(paths.map((path) => posix.join(directory, path)));
}

function manifest(texts: Readonly<Record<string, string>>, path: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(texts[path] ?? "{}"));
  } catch (error) {
    throw new Error(`${path} cannot be read as JSON`, { cause: error });
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
