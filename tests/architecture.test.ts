// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are source text under test

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesAreNamed, filesAreShort } from "./architecture/file-rules.ts";
import { HOUSE } from "./architecture/house-fixture.ts";
import {
  arrowsPointDown,
  dependenciesAreDeclared,
  importsRunOneWay,
  importsStayShallow,
  natsIsConfined,
  openTelemetryIsConfined,
  relativeImportsResolve,
  testsStayApart,
  uwsIsConfined,
} from "./architecture/import-rules.ts";
import type { Rule } from "./architecture/rule.ts";
import { RULES } from "./architecture/rules.ts";
import { readSourceTree, sourceTree } from "./architecture/source-tree.ts";
import {
  environmentIsReadOnce,
  noDefaultExports,
  noEnums,
  noNamespaces,
  noParameterProperties,
  noStarExports,
} from "./architecture/syntax-rules.ts";
import { TIERS } from "./architecture/tiers.ts";

const ROOT = join(import.meta.dirname, "..");
const repository = readSourceTree(ROOT);

describe("the repository", () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (_name, rule) => {
    expect(rule.violations(repository)).toStrictEqual([]);
  });

  it("was read whole: each workspace has sources", () => {
    const homes = new Set(repository.files.map((file) => file.workspace?.directory));
    expect(
      repository.workspaces.map(({ directory }) => directory).filter((path) => !homes.has(path)),
    ).toStrictEqual([]);
    expect(homes).toContain(undefined);
    expect(repository.files.map(({ path }) => path)).toContain("tests/architecture.test.ts");
    expect(repository.files.filter(({ path }) => /node_modules|\bdist\b|\.cache/.test(path))).toStrictEqual(
      [],
    );
  });

  it("had each import seen that a plain look at the lines finds", () => {
    // The checker's own tests hold imports in strings, which a plain look takes for code.
    const files = repository.files.filter(({ path }) => !path.startsWith("tests/architecture"));
    const plain = /^(?:import|export)\b(?:[^;"'`=(]*\bfrom)?\s*"([^"]+)"/gm;
    let count = 0;
    for (const file of files) {
      const seen = file.imports.map(({ specifier }) => specifier);
      for (const [, specifier] of readFileSync(join(ROOT, file.path), "utf8").matchAll(plain)) {
        expect(seen, file.path).toContain(specifier);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(files.length);
  });
});

describe("the table of tiers", () => {
  it("names in each row only packages of rows above", () => {
    const above = new Set<string>();
    for (const [directory, targets] of TIERS) {
      expect(
        targets.filter((target) => !above.has(target)),
        directory,
      ).toStrictEqual([]);
      above.add(directory);
    }
  });
});

const GATEWAY = "packages/gateway/src/broken.ts";
const PROTOCOL = "packages/protocol/src/broken.ts";
const MANIFEST = "packages/auth/package.json";

/** Changes to a house in order that break one rule each, with the places that the rule must name. */
const BREAKS: readonly (readonly [
  rule: Rule,
  change: Readonly<Record<string, string>>,
  expected: readonly string[],
])[] = [
  [
    arrowsPointDown,
    { [PROTOCOL]: 'import "@tidegate/runtime";' },
    [`${PROTOCOL}:1 may not import @tidegate/runtime`],
  ],
  [
    arrowsPointDown,
    { "packages/auth/src/x.ts": '\nexport { x } from "@tidegate/broker";' },
    ["packages/auth/src/x.ts:2 may not import @tidegate/broker"],
  ],
  [
    arrowsPointDown,
    { "packages/broker/src/x.ts": 'import "@tidegate/testkit";' },
    ["packages/broker/src/x.ts:1 may not import @tidegate/testkit"],
  ],
  [
    arrowsPointDown,
    { "packages/broker/src/x.test.ts": 'import "@tidegate/gateway";' },
    ["packages/broker/src/x.test.ts:1 may not import @tidegate/gateway"],
  ],
  [
    arrowsPointDown,
    { "services/gateway/src/x.ts": 'type X = import("@tidegate/testkit").X;' },
    ["services/gateway/src/x.ts:1 may not import @tidegate/testkit"],
  ],
  [
    arrowsPointDown,
    { [PROTOCOL]: 'import "@tidegate/protocol";' },
    [`${PROTOCOL}:1 may not import @tidegate/protocol`],
  ],
  [
    arrowsPointDown,
    { "scripts/x.ts": 'import "@tidegate/gateway-service";' },
    ["scripts/x.ts:1 may not import @tidegate/gateway-service"],
  ],
  [
    arrowsPointDown,
    { [GATEWAY]: 'import "@tidegate/attic";' },
    [`${GATEWAY}:1 imports @tidegate/attic, which is no workspace`],
  ],
  [
    arrowsPointDown,
    { "packages/attic/package.json": "{}" },
    ["packages/attic has no row in tests/architecture/tiers.ts"],
  ],
  [
    importsStayShallow,
    { [GATEWAY]: 'import "@tidegate/protocol/src/channel.ts";' },
    [`${GATEWAY}:1 reaches into @tidegate/protocol/src/channel.ts`],
  ],
  [
    importsStayShallow,
    { "packages/gateway/src/uws/x.ts": 'import "../../../protocol/src/channel.ts";' },
    ["packages/gateway/src/uws/x.ts:1 leaves packages/gateway with ../../../protocol/src/channel.ts"],
  ],
  [
    importsStayShallow,
    { [PROTOCOL]: 'import "../../../scripts/report.ts";' },
    [`${PROTOCOL}:1 leaves packages/protocol with ../../../scripts/report.ts`],
  ],
  [
    importsStayShallow,
    { "scripts/x.ts": "await import(`../packages/auth/src/${name}.ts`);" },
    ["scripts/x.ts:1 leaves the root with ../packages/auth/src/"],
  ],
  [
    relativeImportsResolve,
    { [PROTOCOL]: 'import "./channel";' },
    [`${PROTOCOL}:1 imports ./channel, which is no source file`],
  ],
  [
    relativeImportsResolve,
    { [PROTOCOL]: 'import "./channel.js";' },
    [`${PROTOCOL}:1 imports ./channel.js, which is no source file`],
  ],
  [
    relativeImportsResolve,
    { [PROTOCOL]: 'import ".";' },
    [`${PROTOCOL}:1 imports ., which is no source file`],
  ],
  [
    testsStayApart,
    { "packages/broker/src/x.ts": 'import "../testing/fake.ts";', "packages/broker/testing/fake.ts": "" },
    ["packages/broker/src/x.ts:1 imports the test code ../testing/fake.ts"],
  ],
  [
    testsStayApart,
    { "packages/broker/src/x.ts": 'import "./index.nats.test.ts";' },
    ["packages/broker/src/x.ts:1 imports the test code ./index.nats.test.ts"],
  ],
  [
    testsStayApart,
    { "packages/broker/src/x.ts": 'import "./y.fixture.ts";', "packages/broker/src/y.fixture.ts": "" },
    ["packages/broker/src/x.ts:1 imports the test code ./y.fixture.ts"],
  ],
  [
    dependenciesAreDeclared,
    { "packages/testkit/src/x.ts": 'import "@tidegate/protocol";' },
    ["packages/testkit/package.json does not declare @tidegate/protocol, which the source imports"],
  ],
  [
    dependenciesAreDeclared,
    { "packages/auth/src/x.test.ts": 'import "@tidegate/testkit";' },
    ["packages/auth/package.json does not declare @tidegate/testkit, which a test imports"],
  ],
  [
    dependenciesAreDeclared,
    { "packages/broker/src/x.ts": 'import "@tidegate/testkit";' },
    ["packages/broker/package.json does not declare @tidegate/testkit, which the source imports"],
  ],
  [
    dependenciesAreDeclared,
    { "packages/auth/tsconfig.json": '{"references":[]}' },
    ["packages/auth/tsconfig.json does not refer to the dependency @tidegate/protocol"],
  ],
  [
    dependenciesAreDeclared,
    { [MANIFEST]: '{"name":"@tidegate/auth"}', "packages/auth/src/index.ts": "" },
    ["packages/auth/tsconfig.json refers to @tidegate/protocol, which is no dependency"],
  ],
  [
    dependenciesAreDeclared,
    { "tsconfig.json": '{"references":[]}' },
    sourceTree(HOUSE).workspaces.map(({ directory }) => `tsconfig.json does not refer to ${directory}`),
  ],
  [
    uwsIsConfined,
    { [GATEWAY]: 'import type { WebSocket } from "uWebSockets.js";' },
    [`${GATEWAY}:1 imports uWebSockets.js`],
  ],
  [uwsIsConfined, { "scripts/x.ts": 'await import("uws-pack");' }, ["scripts/x.ts:1 imports uws-pack"]],
  [
    natsIsConfined,
    { [GATEWAY]: 'import { connect } from "@nats-io/transport-node";' },
    [`${GATEWAY}:1 imports @nats-io/transport-node`],
  ],
  [natsIsConfined, { "scripts/x.ts": 'import { connect } from "nats";' }, ["scripts/x.ts:1 imports nats"]],
  [
    openTelemetryIsConfined,
    { [GATEWAY]: 'const api = await import("@opentelemetry/api");' },
    [`${GATEWAY}:1 imports @opentelemetry/api`],
  ],
  [
    importsRunOneWay,
    { "packages/protocol/src/name.ts": 'import type { channel } from "./channel.ts";' },
    ["packages/protocol/src/channel.ts -> packages/protocol/src/name.ts -> packages/protocol/src/channel.ts"],
  ],
  [importsRunOneWay, { [PROTOCOL]: 'export { x } from "./broken.ts";' }, [`${PROTOCOL} -> ${PROTOCOL}`]],
  [
    environmentIsReadOnce,
    { [GATEWAY]: "const level = process.env.LEVEL;" },
    [`${GATEWAY}:1 reads process.env`],
  ],
  [
    environmentIsReadOnce,
    { [GATEWAY]: 'const { env } = process;\nglobalThis.process?.["env"];' },
    [`${GATEWAY}:1 reads process.env`, `${GATEWAY}:2 reads process.env`],
  ],
  [
    environmentIsReadOnce,
    { "scripts/x.ts": 'import { env as e } from "node:process";' },
    ["scripts/x.ts:1 imports env"],
  ],
  [noDefaultExports, { [GATEWAY]: "export default class {}" }, [`${GATEWAY}:1 exports a default`]],
  [
    noDefaultExports,
    { [GATEWAY]: "const x = 1;\nexport { y, x as default };" },
    [`${GATEWAY}:2 exports a default`],
  ],
  [
    noDefaultExports,
    { [PROTOCOL]: 'export { default } from "./name.ts";' },
    [`${PROTOCOL}:1 exports a default`],
  ],
  [noStarExports, { [PROTOCOL]: 'export * from "./name.ts";' }, [`${PROTOCOL}:1 exports *`]],
  [noStarExports, { [PROTOCOL]: 'export type * as names from "./name.ts";' }, [`${PROTOCOL}:1 exports *`]],
  [noEnums, { [PROTOCOL]: "export const enum State { Open }" }, [`${PROTOCOL}:1 declares an enum`]],
  [
    noNamespaces,
    { [PROTOCOL]: "namespace a.b { }\nmodule c { }" },
    [`${PROTOCOL}:1 declares a namespace`, `${PROTOCOL}:2 declares a namespace`],
  ],
  [
    noParameterProperties,
    { [PROTOCOL]: "class A {\n constructor(a: Map<A, B>, readonly b = 1) {} }" },
    [`${PROTOCOL}:2 declares a parameter property`],
  ],
  [
    noParameterProperties,
    { [PROTOCOL]: "class A { constructor(private a: string) {} }" },
    [`${PROTOCOL}:1 declares a parameter property`],
  ],
  [filesAreShort, { [PROTOCOL]: "\n".repeat(501) }, [`${PROTOCOL} has 501 lines`]],
  [
    filesAreNamed,
    { "scripts/utils.ts": "" },
    ['scripts/utils.ts: "utils" does not name what is in it in kebab-case'],
  ],
  [
    filesAreNamed,
    { "scripts/common/x.test.ts": "" },
    ['scripts/common/x.test.ts: "common" does not name what is in it in kebab-case'],
  ],
  [
    filesAreNamed,
    { "scripts/string-helpers.ts": "" },
    ['scripts/string-helpers.ts: "string-helpers" does not name what is in it in kebab-case'],
  ],
  [
    filesAreNamed,
    { "scripts/TimerWheel.ts": "" },
    ['scripts/TimerWheel.ts: "TimerWheel" does not name what is in it in kebab-case'],
  ],
];

describe("the checker", () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))(
    "finds nothing in a house in order: it %s",
    (_name, rule) => {
      expect(rule.violations(sourceTree(HOUSE))).toStrictEqual([]);
    },
  );

  it.each(
    BREAKS.map(
      ([rule, change, expected]) => [rule.name, Object.entries(change)[0], rule, change, expected] as const,
    ),
  )("that the repository %s: catches %j", (_name, _shown, rule, change, expected) => {
    expect(rule.violations(sourceTree({ ...HOUSE, ...change }))).toStrictEqual(expected);
  });

  it("has a break for each rule", () => {
    expect(new Set(BREAKS.map(([rule]) => rule))).toStrictEqual(new Set(RULES));
  });

  it.each([
    [
      "words in comments and strings",
      { [GATEWAY]: '// process.env\nconst x = "export default"; /* enum A { } */ `export * from "x"`;' },
    ],
    [
      "properties and variables that have a keyword's name",
      {
        [GATEWAY]:
          "const { namespace } = x;\nnamespace\n  .y;\nx.enum; x.export; ({ default: 1 }); switch (x) { default: }",
      },
    ],
    [
      "constructors with plain parameters",
      { [GATEWAY]: "class A { constructor(a: Map<string, readonly B[]>, b = (c: A, readonly: B) => a) {} }" },
    ],
    ["declarations of other modules", { [GATEWAY]: 'declare module "x" {}\ndeclare global {}' }],
    [
      "other parts of process",
      {
        [GATEWAY]:
          'process.exitCode = 1;\nconst { argv } = process;\nimport { argv as a } from "node:process";',
      },
    ],
    [
      "a page's script that imports what a server makes up",
      { "services/gateway/page/x.js": 'import "./y.js";' },
    ],
    ["a file of 500 lines", { [GATEWAY]: "\n".repeat(500) }],
    ["imports of data", { [GATEWAY]: 'import manifest from "../package.json" with { type: "json" };' }],
    ["a word of the subject in a name", { "scripts/common-name.ts": "", "scripts/help.nats.test.ts": "" }],
  ])("lets pass %s", (_what, change) => {
    const tree = sourceTree({ ...HOUSE, ...change });
    expect(RULES.flatMap((rule) => rule.violations(tree))).toStrictEqual([]);
  });

  it("says which file it cannot read", () => {
    expect(() => sourceTree({ ...HOUSE, [GATEWAY]: "const x = 'a" })).toThrow(GATEWAY);
    expect(() => sourceTree({ ...HOUSE, [MANIFEST]: "{" })).toThrow(MANIFEST);
  });
});
