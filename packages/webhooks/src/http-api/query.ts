import { ApiProblem } from "./api-problem.ts";

/** @throws ApiProblem `malformed`. */
export function integerQuery(
  query: URLSearchParams,
  name: string,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ApiProblem("malformed", `${name} is a whole number from ${least} to ${most}`);
}

/** A time in ISO 8601, as milliseconds. @throws ApiProblem `malformed`. */
export function timeQuery(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new ApiProblem("malformed", `${name} is a time such as 2030-01-31T12:00:00Z`);
}
