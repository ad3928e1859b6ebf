import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineAt, MAX_YAML_CHARACTERS, parseLocatedYaml, plainValue } from "./located-yaml.ts";

function valueIn(text: string): unknown {
  const parsed = parseLocatedYaml(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return plainValue(parsed.root);
}

function problemsOf(text: string): readonly { line: number; message: string }[] {
  const parsed = parseLocatedYaml(text);
  return parsed.ok ? [] : parsed.problems;
}

describe("parseLocatedYaml", () => {
  test("reads the core types and leaves words that only look special alone", () => {
    const text =
      "a: 1\nb: 1.5\nc: true\nd: null\ne: yes\nf: 2026-01-01\ng: '1'\nh: [x, y]\n1: one\non: off\n";
    expect(valueIn(text)).toEqual({
      a: 1,
      b: 1.5,
      c: true,
      d: null,
      e: "yes",
      f: "2026-01-01",
      g: "1",
      h: ["x", "y"],
      1: "one",
      on: "off",
    });
  });

  test("reads nothing as nothing", () => {
    expect(valueIn("")).toBeNull();
    expect(valueIn("# only a comment\n")).toBeNull();
  });

  test("stays with these types when the text asks for an older YAML", () => {
    expect(valueIn("%YAML 1.1\n---\na: yes\nb: 2026-01-01\nc: 012\n")).toEqual({
      a: "yes",
      b: "2026-01-01",
      c: 12,
    });
  });

  test("reads JSON", () => {
    expect(valueIn('{"a": {"b": [1, "x"]}}')).toEqual({ a: { b: [1, "x"] } });
  });

  test("keeps a name written like a number as it was written", () => {
    expect(valueIn("0x10: a\n1.0: b\n")).toEqual({ "0x10": "a", "1.0": "b" });
  });

  test("knows the lines of names, items and what does not exist", () => {
    const parsed = parseLocatedYaml("# top\na:\n  b:\n    - x\n    - y\nc: 1\n");
    if (!parsed.ok) expect.unreachable();
    expect(lineAt(parsed.root, ["a", "b"])).toBe(3);
    expect(lineAt(parsed.root, ["a", "b", 1])).toBe(5);
    expect(lineAt(parsed.root, ["a", "b", 1, "deeper"])).toBe(5);
    expect(lineAt(parsed.root, ["a", "missing"])).toBe(2);
    expect(lineAt(parsed.root, ["c"])).toBe(6);
  });

  test("gives mappings without the names that every object has", () => {
    const value = valueIn("a: {}\n");
    expect(typeof value === "object" && value !== null && "constructor" in value).toBe(false);
  });

  test("follows aliases, each to a value of its own", () => {
    expect(valueIn("a: &std {x: 1}\nb: *std\n")).toEqual({ a: { x: 1 }, b: { x: 1 } });
  });

  test("does not merge", () => {
    expect(valueIn("a: &std {x: 1}\nb: {<<: *std}\n")).toEqual({ a: { x: 1 }, b: { "<<": { x: 1 } } });
  });

  const refusals: readonly [string, string, number, RegExp][] = [
    ["a name that appears twice", "a: 1\nb: 2\na: 3\n", 3, /twice/],
    ["a name that appears twice in two spellings", "1: a\n'1': b\n", 2, /twice/],
    ["a tab as indentation", "a:\n\tb: 1\n", 2, /tab/],
    ["an open quote", 'a: "x\nb: 1\n', 1, /quote|missing|valid/i],
    ["a second document", "a: 1\n---\nb: 1\n", 2, /one document/],
    ["a tag it does not know", "a: !ruby/object {}\n", 1, /tags/],
    ["an alias without an anchor", "a: 1\nb: *nowhere\n", 2, /anchor/],
    ["an alias that contains itself", "a: &self\n  b: *self\n", 2, /contains itself/],
    ["the name __proto__", "a:\n  __proto__: {x: 1}\n", 2, /__proto__/],
    ["a mapping as a name", "? {a: 1}\n: x\n", 1, /name must be text/],
    ["a billion laughs", bomb(), 1, /more than|alias/],
    ["too many aliases", `a: &a 1\nb: [${"*a, ".repeat(101)}]`, 2, /more than 100 aliases/],
    ["too many values", `[${"1,".repeat(100_001)}]`, 1, /more than 100000 values/],
    ["bottomless nesting", `a: ${"[".repeat(60)}${"]".repeat(60)}`, 1, /levels deep/],
    ["nesting that exhausts the stack", "[".repeat(20_000), 1, /levels deep|valid|missing/],
    ["the wrong file", "x".repeat(MAX_YAML_CHARACTERS + 1), 1, /right file/],
  ];

  test.each(refusals)("refuses %s", (_name, text, line, message) => {
    const problems = problemsOf(text);
    expect(problems[0]?.message).toMatch(message);
    expect(problems[0]?.line).toBeGreaterThanOrEqual(line);
  });

  test("names the line", () => {
    expect(problemsOf("a: 1\nb: 2\na: 3\n")[0]?.line).toBe(3);
    expect(problemsOf("a: 1\n\nb: *nowhere\n")[0]?.line).toBe(3);
  });

  test("never quotes the text, which may hold a secret", () => {
    for (const text of [
      "password: @hunter2",
      'password: "hunter2',
      "password: hunter2: x",
      "password: 'hunter2' x",
      "a: *hunter2",
    ]) {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain("hunter2");
    }
  });

  test("reads back every JSON value", () => {
    const key = fc.string().filter((name) => name !== "__proto__");
    const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        tie("object"),
      ),
      object: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(value, (original) => {
        expect(valueIn(JSON.stringify(original))).toEqual(original);
      }),
    );
  });

  test("never throws, whatever the text", () => {
    const piece = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "\t",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&x",
      "*x",
      "!",
      "|",
      ">",
      "'",
      '"',
      "#",
      "%",
      "?",
      ",",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (text) => {
          const parsed = parseLocatedYaml(text);
          expect(parsed.ok || parsed.problems.length > 0).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function bomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  }
  return lines.join("\n");
}
