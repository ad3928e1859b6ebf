// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are source text under test

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { typescriptTokens } from "./typescript-tokens.ts";

function words(source: string): readonly string[] {
  return typescriptTokens(source).flatMap(({ kind, text }) => (kind === "word" ? [text] : []));
}

function kinds(source: string): readonly string[] {
  return typescriptTokens(source).map(({ kind, text }) => `${kind} ${text}`);
}

describe("typescriptTokens", () => {
  it("leaves comments out", () => {
    expect(words("a // b\n/* c\n * d */ e /** f */ // g")).toStrictEqual(["a", "e"]);
    expect(words("#!/usr/bin/env node\na")).toStrictEqual(["a"]);
  });

  it("keeps what looks like code within strings apart from code", () => {
    expect(kinds(`a("import 'x'", 'b // "', "\\"c")`)).toStrictEqual([
      "word a",
      "mark (",
      "string import 'x'",
      "mark ,",
      'string b // "',
      "mark ,",
      'string \\"c',
      "mark )",
    ]);
  });

  it("reads the code within templates, to any depth", () => {
    expect(kinds("`a ${b + `c ${{ d }} e` + f} g`")).toStrictEqual([
      "template a ",
      "mark ${",
      "word b",
      "mark +",
      "template c ",
      "mark ${",
      "mark {",
      "word d",
      "mark }",
      "mark }",
      "template  e",
      "mark +",
      "word f",
      "mark }",
      "template  g",
    ]);
    expect(words("`\\` \\${a} $ {b}` + c")).toStrictEqual(["c"]);
  });

  it.each([
    ['a = /"/; b', ["a", "b"]],
    ["return /[/'\"]`/u.test(b)", ["return", "test", "b"]],
    ["f(/`/g, b)", ["f", "b"]],
    ["if (a) /'/.test(b)", ["if", "a", "test", "b"]],
    ["if (a) {\n}\n/`/.test(b)", ["if", "a", "test", "b"]],
    ["x = (a) / b / c", ["x", "a", "b", "c"]],
    ["a[0] / b / c", ["a", "b", "c"]],
    ["`${a}` / b / c", ["a", "b", "c"]],
    ["a / b; // '", ["a", "b"]],
    ["1 / a / b", ["a", "b"]],
  ])("tells division from regular expressions in %s", (source, expected) => {
    expect(words(source)).toStrictEqual(expected);
  });

  it("counts lines through comments, templates and continued strings", () => {
    const source = "a\n/*\n*/ b `\n${c}\n` d '\\\n' e";
    expect(
      typescriptTokens(source).flatMap(({ kind, text, line }) => (kind === "word" ? [`${text}${line}`] : [])),
    ).toStrictEqual(["a1", "b3", "c4", "d5", "e6"]);
  });

  it("takes private names, words of other alphabets and numbers whole", () => {
    expect(kinds("#a.größe = 0x1F + 1_000n + .5e3")).toStrictEqual([
      "word #a",
      "mark .",
      "word größe",
      "mark =",
      "number 0x1F",
      "mark +",
      "number 1_000n",
      "mark +",
      "number .5e3",
    ]);
  });

  it.each(["'a\n'", '"a', "`a", "`a ${b", "x = /a\n/"])("throws at %j, which does not end", (source) => {
    expect(() => typescriptTokens(`\n${source}`)).toThrow(
      /^line 2: .* does not end|^line 3: .* does not end/,
    );
  });

  it("keeps strings and comments apart from words in any mixture", () => {
    const piece = fc.constantFrom<readonly [source: string, word: string | undefined]>(
      ["alpha ", "alpha"],
      ['"in \' string ` // /*" ', undefined],
      ["'in \" string \\' ' ", undefined],
      ["`in ' template \" // \\` ` ", undefined],
      ["/* in ' comment \" ` */ ", undefined],
      ["// in ' comment \" `\n", undefined],
      ["; /in ' regex \" ` [/]/u ", undefined],
      ["`${ beta }` ", "beta"],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(words(pieces.map(([source]) => source).join(";"))).toStrictEqual(
          pieces.flatMap(([, word]) => word ?? []),
        );
      }),
    );
  });
});
