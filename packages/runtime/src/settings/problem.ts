/** One reason why a configuration cannot be used. */
export interface SettingsProblem {
  /** Where to look: `env TIDEGATE_LIMITS_FRAME_BYTES`, or `tidegate.yaml line 12, limits.frameBytes`. */
  readonly source: string;
  /** What is wrong there and what to write instead. Never holds the value of a secret. */
  readonly message: string;
}

/** The problems as lines of text, one each, for a terminal or a log. */
export function formatProblems(problems: readonly SettingsProblem[]): string {
  return problems.map(({ source, message }) => `${source}: ${message}`).join("\n");
}
