// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are source text under test

import { describe, expect, it } from "vitest";
import { moduleImports } from "./module-imports.ts";
import { typescriptTokens } from "./typescript-tokens.ts";

function specifiers(source: string): readonly string[] {
  return moduleImports(typescriptTokens(source)).map(({ specifier }) => specifier);
}

describe("moduleImports", () => {
  it.each([
    'import "a";',
    'import x from "a";',
    'import { x, type y as z } from "a";',
    'import * as x from "a";',
    'import x, { y } from "a";',
    'import x, * as y from "a";',
    'import type { x } from "a";',
    'import type x from "a";',
    'import {\n  x,\n  // from "b"\n} from "a";',
    'import { from } from "a";',
    'import from from "a";',
    'import { "x-y" as z } from "a";',
    "import { x } from 'a';",
    'import x from "a" with { type: "json" };',
    'export { x } from "a";',
    'export type { x } from "a";',
    'export * from "a";',
    'export * as x from "a";',
    'export type * from "a";',
    'const x = await import("a");',
    "const x = await import(`a`);",
    'type X = import("a").Y;',
    'let x: typeof import("a");',
    'import x = require("a");',
    'const x = require("a");',
    'const x = require.resolve("a");',
    'const x = import.meta.resolve("a");',
    'const x = `${await import("a")}`;',
  ])("sees %s", (source) => {
    expect(specifiers(source)).toStrictEqual(["a"]);
  });

  it.each([
    '// import "a";',
    '/* import "a"; */',
    'const x = `import "a";`;',
    "const x = 'import \"a\"';",
    'x.import("a");',
    'x.require("a");',
    "import.meta.url;",
    'export const from = "a";',
    'export class X { from = "a" }',
    'export { x };\nconst from = "a";',
    "const x = import(name);",
  ])("sees nothing in %s", (source) => {
    expect(specifiers(source)).toStrictEqual([]);
  });

  it("knows the line, the names, and whether it saw the whole specifier", () => {
    const source = '\nimport { a, type b as c } from "x";\nimport(`./y/${a}.ts`);\n';
    expect(moduleImports(typescriptTokens(source))).toStrictEqual([
      { specifier: "x", line: 2, partial: false, names: ["a", "type", "b", "as", "c"] },
      { specifier: "./y/", line: 3, partial: true, names: [] },
    ]);
  });
});
