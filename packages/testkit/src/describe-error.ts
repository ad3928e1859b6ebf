import { TestkitError } from "./testkit-error.ts";

/**
 * One line about anything thrown. Network errors of `fetch` say only "fetch failed" and keep the reason
 * in their cause, so the causes are joined in.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  // Cause chains can be cyclic; nobody reads past a few links anyway.
  for (let depth = 0; depth < 4 && current !== undefined; depth += 1) {
    if (!(current instanceof Error)) {
      parts.push(String(current));
      break;
    }
    parts.push(current.message === "" ? current.name : current.message);
    // Our own messages already hold what matters of their causes.
    if (current instanceof TestkitError) break;
    current = current.cause;
  }
  return parts.join(": ");
}
