import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";

/** A YAML value that still knows the line it was written on; in a mapping that is the line of the key. */
export type Located = { readonly line: number } & (
  | { readonly kind: "scalar"; readonly value: string | number | boolean | null }
  | { readonly kind: "list"; readonly items: readonly Located[] }
  | { readonly kind: "mapping"; readonly entries: ReadonlyMap<string, Located> }
);

interface YamlProblem {
  readonly line: number;
  readonly message: string;
}

export type ParsedYaml =
  | { readonly ok: true; readonly root: Located }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] };

/** Configuration files are a few kilobytes; a larger one is the wrong file. */
export const MAX_YAML_CHARACTERS = 1_048_576;
const MAX_DEPTH = 32;
const MAX_VALUES = 100_000;
const MAX_ALIASES = 100;

/** Thrown inside this file only: the walk is recursive and the first of these ends it. */
class YamlRefusal extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Parses one YAML 1.2 document (core schema: `yes` is text, and there are no dates) without ever throwing.
 *
 * Aliases may be used, but their expansion is bounded in number, depth and size, and none may contain itself.
 * Messages never quote the text, since it may hold a secret.
 */
export function parseLocatedYaml(text: string): ParsedYaml {
  if (text.length > MAX_YAML_CHARACTERS) {
    return refused(1, `longer than ${MAX_YAML_CHARACTERS} characters; is this the right file?`);
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      schema: "core",
      merge: false,
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
      // "silent" would also accept a second document and ignore it.
      logLevel: "error",
      lineCounter: lines,
    });
    // A warning is a tag or directive that was not understood: the value would not be what its author meant.
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      return { ok: false, problems: faults.map((fault) => explain(fault, lines)) };
    }
    return { ok: true, root: new Locator(document, lines).locateRoot() };
  } catch (error) {
    if (error instanceof YamlRefusal) return refused(error.line, error.message);
    // Nesting thousands deep ends in an exhausted stack inside the parser.
    if (error instanceof RangeError) return refused(1, `nested more than ${MAX_DEPTH} levels deep`);
    throw error;
  }
}

/** The plain value of a located one. Objects have no prototype: `constructor` in a schema must not find an inherited one. */
export function plainValue(located: Located): unknown {
  switch (located.kind) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(plainValue);
    case "mapping": {
      const plain: Record<string, unknown> = Object.create(null);
      for (const [key, value] of located.entries) plain[key] = plainValue(value);
      return plain;
    }
  }
}

/** The line of the value at `path`, or of the deepest part of the path that exists. */
export function lineAt(located: Located, path: readonly PropertyKey[]): number {
  let current = located;
  for (const key of path) {
    let next: Located | undefined;
    if (current.kind === "mapping") next = current.entries.get(String(key));
    else if (current.kind === "list") next = current.items[Number(key)];
    if (next === undefined) break;
    current = next;
  }
  return current.line;
}

/** Turns the parser's nodes into located values, following aliases within the limits above. */
class Locator {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #open = new Set<Node>();
  #values = 0;
  #aliases = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  locateRoot(): Located {
    const { contents } = this.#document;
    return contents === null ? { kind: "scalar", value: null, line: 1 } : this.#locate(contents, 1, 0);
  }

  #locate(node: unknown, line: number, depth: number): Located {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new YamlRefusal(line, `holds more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) throw new YamlRefusal(line, `nested more than ${MAX_DEPTH} levels deep`);
    if (isScalar(node)) return { kind: "scalar", value: scalarValue(node.value, line), line };
    if (isAlias(node)) {
      this.#aliases += 1;
      if (this.#aliases > MAX_ALIASES) throw new YamlRefusal(line, `uses more than ${MAX_ALIASES} aliases`);
      const target = node.resolve(this.#document);
      if (target === undefined) throw new YamlRefusal(line, EXPLANATIONS.BAD_ALIAS);
      return this.#locate(target, line, depth);
    }
    if (isSeq(node)) {
      return this.#inside(node, line, () => ({
        kind: "list",
        items: node.items.map((item) => this.#locate(item, this.#lineOf(item, line), depth + 1)),
        line,
      }));
    }
    if (isMap(node)) return this.#inside(node, line, () => this.#locateMapping(node.items, line, depth));
    // A key without a value is `null` in the tree.
    return { kind: "scalar", value: null, line };
  }

  #locateMapping(pairs: readonly { key: unknown; value: unknown }[], line: number, depth: number): Located {
    const entries = new Map<string, Located>();
    for (const pair of pairs) {
      const keyLine = this.#lineOf(pair.key, line);
      const name = keyText(pair.key, keyLine);
      // The parser tells 1 from "1"; as names they are the same.
      if (entries.has(name)) throw new YamlRefusal(keyLine, EXPLANATIONS.DUPLICATE_KEY);
      entries.set(name, this.#locate(pair.value, keyLine, depth + 1));
    }
    return { kind: "mapping", entries, line };
  }

  #inside(node: Node, line: number, walk: () => Located): Located {
    if (this.#open.has(node)) throw new YamlRefusal(line, "an alias contains itself");
    this.#open.add(node);
    const located = walk();
    this.#open.delete(node);
    return located;
  }

  #lineOf(node: unknown, otherwise: number): number {
    const known = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
    return known && node.range ? this.#lines.linePos(node.range[0]).line : otherwise;
  }
}

function scalarValue(value: unknown, line: number): string | number | boolean | null {
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw new YamlRefusal(line, "expected text, a number, true, false, a list or a mapping");
}

function keyText(key: unknown, line: number): string {
  if (!isScalar(key) || key.value === null) throw new YamlRefusal(line, "a name must be text");
  // `1:` and `true:` are names like any other; the source keeps them as they were written.
  const name = typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
  if (name === "__proto__") throw new YamlRefusal(line, "__proto__ cannot be a name");
  return name;
}

const EXPLANATIONS = {
  BAD_ALIAS: "an alias (*name) has no anchor (&name) before it",
  BAD_DQ_ESCAPE: 'an escape in "double quotes" is not valid; use single quotes for text with backslashes',
  BAD_INDENT: "the indentation does not fit the lines above",
  BAD_SCALAR_START: "a text must not begin with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second ': ' on one line; put the value in quotes",
  DUPLICATE_KEY: "a name appears twice in the same mapping",
  MISSING_CHAR: "a quote, bracket, comma or colon is missing",
  MULTILINE_IMPLICIT_KEY: "a name must be on one line, followed by a colon",
  MULTIPLE_DOCS: "one document expected; remove the second ---",
  TAB_AS_INDENT: "a tab cannot indent; use spaces",
  TAG_RESOLVE_FAILED: "tags (!name) are not supported here",
} satisfies Partial<Record<ErrorCode, string>>;

const EXPLANATION_OF: Partial<Record<ErrorCode, string>> = EXPLANATIONS;

function explain(fault: YAMLError, lines: LineCounter): YamlProblem {
  const message = EXPLANATION_OF[fault.code] ?? "not valid YAML";
  return { line: Math.max(1, lines.linePos(fault.pos[0]).line), message };
}

function refused(line: number, message: string): ParsedYaml {
  return { ok: false, problems: [{ line, message }] };
}
