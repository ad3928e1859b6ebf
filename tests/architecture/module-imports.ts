import type { Token } from "./typescript-tokens.ts";

/** One mention of another module: static or dynamic import, re-export, import type, `require`, `import.meta.resolve`. */
export interface ModuleImport {
  readonly specifier: string;
  readonly line: number;
  /** Only the beginning of the specifier is known: a dynamic import of a template. */
  readonly partial: boolean;
  /** The words between `import` and `from`: bindings, original names, and keywords. */
  readonly names: readonly string[];
}

/** Every module that these tokens mention by a literal. A dynamic import of a variable cannot be seen. */
export function moduleImports(tokens: readonly Token[]): readonly ModuleImport[] {
  const found: ModuleImport[] = [];
  tokens.forEach((token, index) => {
    if (token.kind !== "word" || isMark(tokens[index - 1], ".")) {
      return;
    }
    const next = tokens[index + 1];
    if (token.text === "import" || token.text === "export") {
      if (token.text === "import" && next?.kind === "string") {
        found.push({ specifier: next.text, line: token.line, partial: false, names: [] });
      } else if (isMark(next, "(")) {
        found.push(...literalArgument(tokens, index + 2));
      } else if (token.text === "import" && isMark(next, ".")) {
        const isResolve = tokens[index + 2]?.text === "meta" && tokens[index + 4]?.text === "resolve";
        found.push(...(isResolve ? literalArgument(tokens, index + 6) : []));
      } else if (next?.kind === "word" || isMark(next, "{") || isMark(next, "*")) {
        found.push(...fromClause(tokens, index));
      }
    } else if (token.text === "require" && isMark(next, "(")) {
      found.push(...literalArgument(tokens, index + 2));
    } else if (token.text === "require" && isMark(next, ".") && tokens[index + 2]?.text === "resolve") {
      found.push(...literalArgument(tokens, index + 4));
    }
  });
  return found;
}

function literalArgument(tokens: readonly Token[], index: number): readonly ModuleImport[] {
  const token = tokens[index];
  if (token?.kind !== "string" && token?.kind !== "template") {
    return [];
  }
  return [{ specifier: token.text, line: token.line, partial: !isMark(tokens[index + 1], ")"), names: [] }];
}

/** Reads on from `import` or `export` over the words, braces and commas that may stand before `from "…"`. */
function fromClause(tokens: readonly Token[], start: number): readonly ModuleImport[] {
  const names: string[] = [];
  for (let index = start + 1; index < tokens.length; index += 1) {
    const token = tokens[index];
    const next = tokens[index + 1];
    if (token?.kind === "word") {
      if (token.text === "from" && next?.kind === "string") {
        return [{ specifier: next.text, line: tokens[start]?.line ?? 0, partial: false, names }];
      }
      names.push(token.text);
    } else if (token?.kind === "string") {
      // `import { "a-b" as c }`: a name that is no identifier.
      names.push(token.text);
    } else if (token?.kind !== "mark" || !["{", "}", "*", ","].includes(token.text)) {
      // A declaration, such as `export const …`, or `import x = require("…")`, which is seen by its `require`.
      return [];
    }
  }
  return [];
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}
