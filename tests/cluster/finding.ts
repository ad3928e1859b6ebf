/** What is checked of every overlay, in this order. */
export const PROMISES = [
  "is taken",
  "is scaled",
  "becomes available",
  "is reached",
  "is spread",
  "stays as it is",
  "is replaced in order",
  "is spread anew",
  "is not emptied at once",
  "is warned of nothing",
] as const;

export type PromiseName = (typeof PROMISES)[number];

/** What became of a promise. */
export interface Finding {
  readonly kept: boolean;
  readonly promise: PromiseName;
  /** Of what it is: `Deployment tidegate-gateway`. */
  readonly subject: string;
  /** What was seen; of a broken promise also what to change. */
  readonly seen: string;
}

/** A line for people. */
export function findingLine(overlay: string, { kept, promise, subject, seen }: Finding): string {
  return `${kept ? "ok  " : "FAIL"}  ${overlay}: ${subject} ${promise}: ${seen}`;
}
