import { textTable } from "../bench/text-table.ts";

/** A figure beside what it is to be. */
export interface Verdict {
  readonly title: string;
  /** `null`: not measured. */
  readonly measured: number | null;
  /** `undefined`: nothing is said about how large it may be. */
  readonly goal: { readonly bound: "at most" | "at least"; readonly value: number } | undefined;
  readonly verdict: "met" | "missed" | "not measured" | "no goal";
}

/** Holds a figure against its goal. */
export function verdictOn(title: string, measured: number, goal: Verdict["goal"]): Verdict {
  if (Number.isNaN(measured)) {
    return { title, measured: null, goal, verdict: "not measured" };
  }
  if (goal === undefined) {
    return { title, measured, goal, verdict: "no goal" };
  }
  const isMet = goal.bound === "at most" ? measured <= goal.value : measured >= goal.value;
  return { title, measured, goal, verdict: isMet ? "met" : "missed" };
}

/** A table of figure, goal and verdict. */
export function renderVerdicts(verdicts: readonly Verdict[]): readonly string[] {
  return textTable([
    ["figure", "measured", "goal", "verdict"],
    ...verdicts.map((one) => [one.title, measuredText(one), goalText(one), one.verdict]),
  ]);
}

export function measuredText({ measured }: Verdict): string {
  return measured === null ? "-" : Number.isInteger(measured) ? String(measured) : measured.toFixed(2);
}

export function goalText({ goal }: Verdict): string {
  return goal === undefined ? "-" : `${goal.bound} ${goal.value}`;
}
