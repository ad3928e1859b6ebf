import { isChannelToken, patternProblem } from "./channel.ts";
import { covers } from "./pattern.ts";

/** What a grant can allow. `request` patterns name methods, the others channels. */
export const GRANT_ACTIONS = ["subscribe", "publish", "request", "presence", "history"] as const;
export type GrantAction = (typeof GRANT_ACTIONS)[number];

/** Grant patterns as they stand in a token or a configuration file. */
export type GrantPatterns = { readonly [Action in GrantAction]?: readonly string[] };

export type CompiledGrants =
  | { readonly ok: true; readonly grants: GrantSet }
  | { readonly ok: false; readonly message: string };

/** Bounds what one token can make every check cost. */
export const MAX_PATTERNS_PER_ACTION = 200;

const SUBJECT_TEMPLATE = "{sub}";

interface GrantPattern {
  readonly tokens: readonly string[];
  /** Whether a token holds `{sub}` and must be filled in before the comparison. */
  readonly templated: boolean;
}

/**
 * The compiled grants of a token or a namespace policy. Immutable and free of the user's name: `{sub}` is
 * filled in at each check, so all tokens with the same patterns share one set. Denies what it does not name.
 */
export class GrantSet {
  static readonly none: GrantSet = new GrantSet({});

  readonly #patterns: { readonly [Action in GrantAction]?: readonly GrantPattern[] };

  constructor(patterns: { readonly [Action in GrantAction]?: readonly GrantPattern[] }) {
    this.#patterns = patterns;
  }

  /**
   * Whether `action` on `target` (a well-formed channel, pattern or method) is allowed. A `target` with
   * wildcards is allowed only if one grant covers all of it. `sub` is `undefined` for anonymous clients.
   */
  allows(action: GrantAction, target: string, sub: string | undefined): boolean {
    const patterns = this.#patterns[action];
    if (patterns === undefined) {
      return false;
    }
    const tokens = target.split(".");
    for (const pattern of patterns) {
      const wanted = pattern.templated ? fill(pattern.tokens, sub) : pattern.tokens;
      if (wanted !== undefined && covers(wanted, tokens)) {
        return true;
      }
    }
    return false;
  }
}

/** Compiles grants from untrusted input; the message names the pattern that is wrong. */
export function compileGrants(value: unknown): CompiledGrants {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, message: "grants must be an object of action: [patterns]" };
  }
  const compiled: { [Action in GrantAction]?: GrantPattern[] } = {};
  for (const [action, patterns] of Object.entries(value)) {
    if (!isGrantAction(action)) {
      return {
        ok: false,
        message: `grants name the unknown action ${quote(action)}; known are ${GRANT_ACTIONS.join(", ")}`,
      };
    }
    if (!Array.isArray(patterns) || patterns.length > MAX_PATTERNS_PER_ACTION) {
      return {
        ok: false,
        message: `grants.${action} must be a list of at most ${MAX_PATTERNS_PER_ACTION} patterns`,
      };
    }
    const list: GrantPattern[] = [];
    for (const pattern of patterns as unknown[]) {
      if (typeof pattern !== "string") {
        return { ok: false, message: `grants.${action} holds something other than a string` };
      }
      const problem = patternProblem(pattern.replaceAll(SUBJECT_TEMPLATE, "x"));
      if (problem !== undefined) {
        return { ok: false, message: `grants.${action}: ${quote(pattern)} ${problem}` };
      }
      list.push({ tokens: pattern.split("."), templated: pattern.includes(SUBJECT_TEMPLATE) });
    }
    compiled[action] = list;
  }
  return { ok: true, grants: new GrantSet(compiled) };
}

function isGrantAction(text: string): text is GrantAction {
  return (GRANT_ACTIONS as readonly string[]).includes(text);
}

/**
 * A subject that is not a plain token must not widen the pattern: `a.b`, `*` or `>` as a user name would. Then
 * the template grants nothing.
 */
function fill(tokens: readonly string[], sub: string | undefined): readonly string[] | undefined {
  if (sub === undefined || !isChannelToken(sub)) {
    return undefined;
  }
  return tokens.map((token) => token.replaceAll(SUBJECT_TEMPLATE, () => sub));
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
