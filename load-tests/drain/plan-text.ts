import type { ClientPlan } from "../client-plan.ts";

const LINE_BREAK = /[\r\n]/;

/**
 * What the program reads: for each client its path, header lines, and messages behind `> `; an empty line between
 * two clients.
 *
 * @throws TypeError if something would break out of its line.
 */
export function planText(plans: readonly ClientPlan[]): string {
  return plans.map(entry).join("\n\n");
}

function entry({ path, headers, messages }: ClientPlan): string {
  const lines = [path, ...headers, ...messages.map((message) => `> ${message}`)];
  if (
    lines.some((line) => line === "" || LINE_BREAK.test(line)) ||
    headers.some((line) => line.startsWith(">"))
  ) {
    throw new TypeError("a path, header or message of a plan is empty or has a line break");
  }
  return lines.join("\n");
}
