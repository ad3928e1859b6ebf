import { posix } from "node:path";
import type { Rule } from "./rule.ts";
import type { SourceFile, SourceTree, Workspace } from "./source-tree.ts";
import { TESTS_MAY_IMPORT, TIERS } from "./tiers.ts";

const SCOPE = "@tidegate/";

export const arrowsPointDown: Rule = {
  name: "has only arrows that point down",
  violations: (tree) => [
    ...tree.workspaces
      .filter(({ directory }) => !TIERS.has(directory))
      .map(({ directory }) => `${directory} has no row in tests/architecture/tiers.ts`),
    ...workspaceImports(tree).flatMap(({ file, line, name }) => {
      const target = tree.workspaces.find((workspace) => workspace.name === name);
      if (target === undefined) {
        return [`${file.path}:${line} imports ${name}, which is no workspace`];
      }
      return mayImport(file, target.directory) ? [] : [`${file.path}:${line} may not import ${name}`];
    }),
  ],
};

export const importsStayShallow: Rule = {
  name: "imports other packages by their name alone",
  violations: ({ files }) =>
    files.flatMap((file) =>
      file.imports.flatMap(({ specifier, line }) => {
        if (specifier.startsWith(SCOPE) && specifier.split("/").length > 2) {
          return [`${file.path}:${line} reaches into ${specifier}`];
        }
        const home = file.workspace?.directory;
        const target = relativeTarget(file, specifier);
        if (target === undefined || homeOf(target) === home) {
          return [];
        }
        return [`${file.path}:${line} leaves ${home ?? "the root"} with ${specifier}`];
      }),
    ),
};

/** Without this, a path that the other rules cannot follow would pass them all. */
export const relativeImportsResolve: Rule = {
  name: "names the file in every relative import",
  violations: ({ files }) => {
    const paths = new Set(files.map((file) => file.path));
    // What a page's script imports is an address, which a server may answer without a file.
    const programs = files.filter((file) => file.path.endsWith("ts"));
    return programs.flatMap((file) =>
      file.imports.flatMap(({ specifier, line, partial }) => {
        const target = relativeTarget(file, specifier);
        return target === undefined || partial || paths.has(target) || target.endsWith(".json")
          ? []
          : [`${file.path}:${line} imports ${specifier}, which is no source file`];
      }),
    );
  },
};

export const testsStayApart: Rule = {
  name: "keeps tests out of what is built",
  violations: ({ files }) => {
    const tests = new Set(files.filter((file) => file.isTest).map((file) => file.path));
    return files
      .filter((file) => !file.isTest)
      .flatMap((file) =>
        file.imports
          .filter(({ specifier }) => tests.has(relativeTarget(file, specifier) ?? ""))
          .map(({ specifier, line }) => `${file.path}:${line} imports the test code ${specifier}`),
      );
  },
};

export const dependenciesAreDeclared: Rule = {
  name: "declares what it imports, to npm and to TypeScript alike",
  violations: (tree) => [
    ...new Set(
      workspaceImports(tree).flatMap(({ file, name }) => {
        const { workspace } = file;
        const isDeclared =
          workspace === undefined ||
          workspace.dependencies.has(name) ||
          (file.isTest && workspace.devDependencies.has(name));
        return isDeclared
          ? []
          : [
              `${workspace.directory}/package.json does not declare ${name}, which ${file.isTest ? "a test" : "the source"} imports`,
            ];
      }),
    ),
    ...tree.workspaces.flatMap((workspace) => referenceViolations(tree, workspace)),
    ...tree.workspaces.flatMap(({ directory }) => [
      ...(tree.listedWorkspaces.has(directory) ? [] : [`package.json does not list ${directory}`]),
      ...(tree.rootReferences.has(directory) ? [] : [`tsconfig.json does not refer to ${directory}`]),
    ]),
  ],
};

function referenceViolations(tree: SourceTree, workspace: Workspace): readonly string[] {
  const nameAt = new Map(tree.workspaces.map(({ directory, name }) => [directory, name]));
  const referred = new Set([...workspace.references].map((directory) => nameAt.get(directory) ?? directory));
  return [
    ...[...workspace.dependencies]
      .filter((name) => !referred.has(name))
      .map((name) => `${workspace.directory}/tsconfig.json does not refer to the dependency ${name}`),
    ...[...referred]
      .filter((name) => !workspace.dependencies.has(name))
      .map((name) => `${workspace.directory}/tsconfig.json refers to ${name}, which is no dependency`),
  ];
}

/** A rule that keeps a library within some directories. */
function confined(
  library: string,
  isLibrary: (specifier: string) => boolean,
  allowed: readonly string[],
): Rule {
  return {
    name: `imports ${library} only in ${allowed.join(", ")}`,
    violations: ({ files }) =>
      files
        .filter(({ path }) => !allowed.some((directory) => path.startsWith(`${directory}/`)))
        .flatMap(({ path, imports }) =>
          imports
            .filter(({ specifier }) => isLibrary(specifier))
            .map(({ specifier, line }) => `${path}:${line} imports ${specifier}`),
        ),
  };
}

export const uwsIsConfined: Rule = confined(
  "uWebSockets.js",
  (specifier) => /^(?:uWebSockets\.js|uws-pack)(?:\/|$)/i.test(specifier),
  // The bench compares with a bare server, which is uWebSockets.js and nothing else.
  ["packages/gateway/src/uws", "load-tests/bench"],
);

export const natsIsConfined: Rule = confined(
  "NATS packages",
  (specifier) => /^(?:@nats-io\/|(?:nats|nats\.ws)(?:\/|$))/.test(specifier),
  ["packages/broker", "packages/webhooks", "packages/testkit"],
);

export const openTelemetryIsConfined: Rule = confined(
  "OpenTelemetry",
  (specifier) => specifier.startsWith("@opentelemetry/"),
  ["packages/runtime/src/tracing"],
);

export const importsRunOneWay: Rule = {
  name: "has no cycle between the files of a package",
  violations: ({ files }) => {
    const targets = new Map(
      files.map((file) => [
        file.path,
        file.imports.flatMap(({ specifier }) => relativeTarget(file, specifier) ?? []),
      ]),
    );
    const finished = new Set<string>();
    const cycles = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start !== -1) {
        cycles.add([...trail.slice(start), path].join(" -> "));
      } else if (!finished.has(path)) {
        for (const target of targets.get(path) ?? []) {
          visit(target, [...trail, path]);
        }
        finished.add(path);
      }
    };
    for (const { path } of files) {
      visit(path, []);
    }
    return [...cycles];
  },
};

interface WorkspaceImport {
  readonly file: SourceFile;
  readonly line: number;
  /** Name of the workspace, without what a deep import adds. */
  readonly name: string;
}

function workspaceImports({ files }: SourceTree): readonly WorkspaceImport[] {
  return files.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => specifier.startsWith(SCOPE))
      .map(({ specifier, line }) => ({ file, line, name: specifier.split("/").slice(0, 2).join("/") })),
  );
}

function mayImport(file: SourceFile, target: string): boolean {
  if (file.workspace === undefined) {
    return target.startsWith("packages/");
  }
  return (
    TIERS.get(file.workspace.directory)?.includes(target) === true ||
    (file.isTest && target === TESTS_MAY_IMPORT)
  );
}

/** Where a relative specifier points, from the root; `undefined` for a package or built-in module. */
function relativeTarget(file: SourceFile, specifier: string): string | undefined {
  return /^\.{1,2}(?:\/|$)/.test(specifier) ? posix.join(posix.dirname(file.path), specifier) : undefined;
}

/** The workspace directory that a path lies in; `undefined` is the root's own folders. */
function homeOf(path: string): string | undefined {
  return /^(?:packages|services)\/[^/]+/.exec(path)?.[0];
}
