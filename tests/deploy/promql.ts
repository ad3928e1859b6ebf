/** A metric that an expression reads, and the labels by which it chooses. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** What an expression of PromQL is about. */
export interface Reading {
  readonly selectors: readonly Selector[];
  /** Labels by which it groups and joins. */
  readonly grouping: readonly string[];
}

/** Text, range or subquery, name, number or duration, operator of a matcher, anything else. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|\d[\w.]*|[!=]~|!=|\S/g;
const NAME = /^[A-Za-z_:]/;
const GROUPING: ReadonlySet<string> = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
]);
const WORDS: ReadonlySet<string> = new Set([
  ...["and", "or", "unless", "bool", "offset"],
  // Aggregations, whose grouping may stand before their parenthesis.
  ...["sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile", "group", "stddev"],
]);

/**
 * Finds what an expression reads, without judging whether it is right: promtool does that.
 *
 * @throws SyntaxError for a selector without a metric name, which would read anything.
 */
export function readExpression(expression: string): Reading {
  const tokens: readonly string[] = expression.replace(/#.*$/gm, "").match(TOKEN) ?? [];
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  let at = 0;
  while (at < tokens.length) {
    const token = tokens[at] ?? "";
    at += 1;
    if (token === "{") throw new SyntaxError(`a selector names its metric: ${expression}`);
    if (!NAME.test(token)) continue;
    if (GROUPING.has(token)) {
      const end = tokens.indexOf(")", at);
      grouping.push(...tokens.slice(at, end).filter((one) => NAME.test(one)));
      at = end + 1;
    } else if (tokens[at] !== "(" && !WORDS.has(token)) {
      const end = tokens[at] === "{" ? tokens.indexOf("}", at) : at;
      selectors.push({ metric: token, matchers: matchersIn(tokens.slice(at + 1, end)) });
      at = end;
      if (tokens[at] === "}") at += 1;
    }
  }
  return { selectors, grouping };
}

function matchersIn(tokens: readonly string[]): Selector["matchers"] {
  return tokens
    .map((label, index) => ({ label, operator: tokens[index + 1] ?? "", text: tokens[index + 2] ?? "" }))
    .filter(({ label, text }) => NAME.test(label) && text.startsWith('"'))
    .map(({ label, operator, text }) => ({ label, operator, value: text.slice(1, -1) }));
}
