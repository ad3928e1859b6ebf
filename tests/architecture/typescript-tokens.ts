export interface Token {
  /** `template` is one piece of literal text of a template; its `${` and `}` are `mark`s around code tokens. */
  readonly kind: "word" | "string" | "template" | "number" | "regex" | "mark";
  /** A string without its quotes, a template piece without its delimiters, anything else as written. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

const SPACE_OR_COMMENT = /(?:\s|\/\/[^\n]*|\/\*.*?\*\/)+/sy;
const WORD = /[#\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/sy;
const TEMPLATE_PIECE = /(?:[^`\\$]|\\.|\$(?!\{))*/sy;
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y;
const HASHBANG = /#![^\n]*/y;

/** Words after which a slash begins a regular expression; after any other word it divides. */
const BEFORE_EXPRESSION = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);
/** Words whose parentheses are followed by a statement, not by an operator. */
const BEFORE_CONDITION = new Set(["if", "while", "for", "with"]);

/**
 * The tokens of a TypeScript module, without comments. Marks are single characters, except `=>` and `${`.
 *
 * JavaScript has no way to tell a division from a regular expression without parsing it whole. Here the token
 * before decides, which suffices for formatted code: after a `}` a slash divides unless it begins its line.
 *
 * @throws SyntaxError where no token can be read, with the line.
 */
export function typescriptTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** For each open template, how many braces are open within its current `${`. */
  const templates: number[] = [];
  /** For each open parenthesis, whether it holds a condition; then the same of the one closed last. */
  const parentheses: boolean[] = [];
  let closedCondition = false;
  let index = 0;
  let line = 1;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = index;
    const text = pattern.exec(source)?.[0];
    if (text !== undefined) {
      index += text.length;
    }
    return text;
  }

  function push(kind: Token["kind"], text: string, written: string): void {
    tokens.push({ kind, text, line });
    line += newlinesIn(written);
  }

  function templatePiece(): void {
    const text = take(TEMPLATE_PIECE) ?? "";
    push("template", text, text);
    if (source[index] === "`") {
      index += 1;
      templates.pop();
    } else if (source.startsWith("${", index)) {
      index += 2;
      push("mark", "${", "");
    } else {
      throw new SyntaxError(`line ${line}: a template does not end`);
    }
  }

  function beginsExpression(): boolean {
    const before = tokens.at(-1);
    if (before?.kind === "word") {
      return BEFORE_EXPRESSION.has(before.text);
    }
    if (before?.kind !== "mark") {
      return before === undefined;
    }
    switch (before.text) {
      case ")":
        return closedCondition;
      case "]":
        return false;
      case "}":
        return before.line < line;
      default:
        return true;
    }
  }

  take(HASHBANG);
  while (index < source.length) {
    line += newlinesIn(take(SPACE_OR_COMMENT) ?? "");
    const character = source[index];
    if (character === undefined) {
      break;
    }
    if (character === "`") {
      index += 1;
      templates.push(0);
      templatePiece();
      continue;
    }
    const word = take(WORD);
    if (word !== undefined) {
      push("word", word, word);
      continue;
    }
    const number = take(NUMBER);
    if (number !== undefined) {
      push("number", number, number);
      continue;
    }
    if (character === '"' || character === "'") {
      const string = take(STRING);
      if (string === undefined) {
        throw new SyntaxError(`line ${line}: a string does not end`);
      }
      push("string", string.slice(1, -1), string);
      continue;
    }
    if (character === "/" && beginsExpression()) {
      const regex = take(REGEX);
      if (regex === undefined) {
        throw new SyntaxError(`line ${line}: a regular expression does not end`);
      }
      push("regex", regex, regex);
      continue;
    }
    const mark = source.startsWith("=>", index) ? "=>" : character;
    index += mark.length;
    if (mark === "(") {
      parentheses.push(BEFORE_CONDITION.has(tokens.at(-1)?.text ?? ""));
    } else if (mark === ")") {
      closedCondition = parentheses.pop() ?? false;
    }
    push("mark", mark, mark);
    const braces = templates.at(-1);
    if (braces !== undefined && mark === "{") {
      templates[templates.length - 1] = braces + 1;
    } else if (braces !== undefined && mark === "}") {
      if (braces === 0) {
        templatePiece();
      } else {
        templates[templates.length - 1] = braces - 1;
      }
    }
  }
  if (templates.length > 0) {
    throw new SyntaxError(`line ${line}: a template does not end`);
  }
  return tokens;
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    count += 1;
  }
  return count;
}
