import type { Rule } from "./rule.ts";
import type { SourceFile } from "./source-tree.ts";
import type { Token } from "./typescript-tokens.ts";

/** A token with its surroundings, for rules about short sequences. */
interface Place {
  readonly tokens: readonly Token[];
  readonly index: number;
}

/** Text of a neighbour: `at(place, 1)` is the next token. Strings have no text here, so none reads as code. */
function at({ tokens, index }: Place, distance: number): string | undefined {
  const token = tokens[index + distance];
  return token?.kind === "word" || token?.kind === "mark" ? token.text : undefined;
}

function isWord({ tokens, index }: Place, distance: number): boolean {
  return tokens[index + distance]?.kind === "word";
}

/** A rule against every word that `matches`, except in files that are `exempt`. */
function without(
  name: string,
  what: string,
  matches: (word: string, place: Place) => boolean,
  exempt: (file: SourceFile) => boolean = () => false,
): Rule {
  return {
    name,
    violations: ({ files }) =>
      files
        .filter((file) => !exempt(file))
        .flatMap(({ path, tokens }) =>
          tokens
            .filter(
              (token, index) =>
                token.kind === "word" &&
                at({ tokens, index }, -1) !== "." &&
                matches(token.text, { tokens, index }),
            )
            .map(({ line }) => `${path}:${line} ${what}`),
        ),
  };
}

export const noDefaultExports: Rule = without(
  "has no default exports",
  "exports a default",
  (word, place) => {
    if (word === "export") {
      return at(place, 1) === "default" || at(place, 1) === "=";
    }
    return word === "default" && isExportedName(place);
  },
  // Vitest loads its configuration as a default export.
  ({ path }) => path === "vitest.config.ts",
);

/** Whether the word is the outer name in `export { … as default }` or `export { default }`. */
function isExportedName(place: Place): boolean {
  const next = at(place, 1);
  if (next !== "," && next !== "}") {
    return false;
  }
  const { tokens, index } = place;
  for (let back = index - 1; back >= 0; back -= 1) {
    const token = tokens[back];
    if (token?.kind === "mark" && token.text === "{") {
      const before = tokens[back - 1]?.text;
      return before === "export" || (before === "type" && tokens[back - 2]?.text === "export");
    }
    if (token?.kind !== "word" && token?.text !== ",") {
      return false;
    }
  }
  return false;
}

export const noStarExports: Rule = without(
  "exports by name",
  "exports *",
  (word, place) =>
    word === "export" && (at(place, 1) === "*" || (at(place, 1) === "type" && at(place, 2) === "*")),
);

export const noEnums: Rule = without(
  "has no enums",
  "declares an enum",
  (word, place) => word === "enum" && isWord(place, 1) && at(place, 2) === "{",
);

export const noNamespaces: Rule = without(
  "has no namespaces",
  "declares a namespace",
  (word, place) =>
    (word === "namespace" || word === "module") &&
    isWord(place, 1) &&
    (at(place, 2) === "{" || at(place, 2) === ".") &&
    // Not a statement that ends in a variable of that name, with the next one on the line below.
    place.tokens[place.index]?.line === place.tokens[place.index + 1]?.line,
);

export const noParameterProperties: Rule = without(
  "has no parameter properties",
  "declares a parameter property",
  (word, place) => word === "constructor" && at(place, 1) === "(" && hasModifiedParameter(place),
);

const MODIFIERS = new Set(["public", "private", "protected", "readonly", "override"]);

function hasModifiedParameter({ tokens, index }: Place): boolean {
  let depth = 0;
  for (let ahead = index + 1; ahead < tokens.length; ahead += 1) {
    const text = at({ tokens, index: ahead }, 0);
    if (text === "(" || text === "[" || text === "{" || text === "<") {
      depth += 1;
    } else if (text === ")" || text === "]" || text === "}" || text === ">") {
      depth -= 1;
      if (depth === 0) {
        return false;
      }
    }
    const isStart = depth === 1 && (text === "," || (text === "(" && ahead === index + 1));
    if (
      isStart &&
      MODIFIERS.has(at({ tokens, index: ahead }, 1) ?? "") &&
      isWord({ tokens, index: ahead }, 2)
    ) {
      return true;
    }
  }
  return false;
}

/** Both ways to the environment: the global, and the module. */
export const environmentIsReadOnce: Rule = {
  name: "reads process.env only in packages/runtime",
  violations: ({ files }) =>
    files
      .filter(({ path }) => !path.startsWith("packages/runtime/") && path !== "vitest.config.ts")
      .flatMap(({ path, tokens, imports }) => [
        ...tokens.flatMap(({ kind, text, line }, index) =>
          kind === "word" && text === "process" && leadsToEnv({ tokens, index })
            ? [`${path}:${line} reads process.env`]
            : [],
        ),
        ...imports
          .filter(({ specifier, names }) => /^(?:node:)?process$/.test(specifier) && names.includes("env"))
          .map(({ line }) => `${path}:${line} imports env`),
      ]),
};

/** `process.env`, `process?.env`, `process["env"]`, `{ env } = process`. */
function leadsToEnv(place: Place): boolean {
  const { tokens, index } = place;
  let ahead = 1;
  while (at(place, ahead) === "?" || at(place, ahead) === "." || at(place, ahead) === "[") {
    ahead += 1;
  }
  if (ahead > 1) {
    const name = tokens[index + ahead];
    return name?.text === "env" && name.kind !== "regex";
  }
  if (at(place, -1) !== "=" || at(place, -2) !== "}") {
    return false;
  }
  for (let back = -3; at(place, back) !== "{" && tokens[index + back] !== undefined; back -= 1) {
    if (at(place, back) === "env") {
      return true;
    }
  }
  return false;
}
