import { MAX_CURSOR_NAMESPACES, namespaceOf, patternProblem } from "@tidegate/protocol";
import type { NamespacePolicies } from "../namespace-policies.ts";
import type { Problem } from "./problem.ts";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** The parameter `channels`: at least one channel or pattern, separated by commas. One that stands there twice counts once. */
export function readChannels(
  query: URLSearchParams,
  maxChannels: number,
  policies: Pick<NamespacePolicies, "isReplayable">,
): Parsed<readonly string[]> {
  const named = query.getAll("channels").join(",").split(",");
  const channels = [...new Set(named.filter((channel) => channel !== ""))];
  if (channels.length === 0) {
    return invalid("invalid_field", '"channels" must name at least one channel');
  }
  if (channels.length > maxChannels) {
    return invalid("invalid_field", `"channels" may name at most ${maxChannels}`);
  }
  for (const channel of channels) {
    const problem = patternProblem(channel);
    if (problem !== undefined) {
      return invalid("channel_invalid", `the channel ${problem}`);
    }
  }
  const namespaces = new Set(
    channels.filter((channel) => policies.isReplayable(channel)).map((channel) => namespaceOf(channel)),
  );
  if (namespaces.size > MAX_CURSOR_NAMESPACES) {
    return invalid(
      "invalid_field",
      `"channels" may name replayable channels of at most ${MAX_CURSOR_NAMESPACES} namespaces`,
    );
  }
  return { ok: true, value: channels };
}

/** A parameter that is a whole number, in decimal digits. */
export function readInteger(
  query: URLSearchParams,
  name: string,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): Parsed<number> {
  const text = query.get(name);
  if (text === null) {
    return { ok: true, value: fallback };
  }
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max
    ? { ok: true, value }
    : invalid("invalid_field", `"${name}" must be an integer from ${min} to ${max}`);
}

/** A parameter that is one of a few words. */
export function readChoice<const Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Parsed<Choice> {
  const text = query.get(name) ?? choices[0];
  const found = choices.find((choice) => choice === text);
  return found === undefined
    ? invalid("invalid_field", `"${name}" must be ${choices.join(" or ")}`)
    : { ok: true, value: found };
}

function invalid(code: Problem["code"], detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, detail } };
}
