import { z } from "zod";

type Comparable = string | number | boolean | null;

/** One condition on one value of the payload. All operators that are given must hold. */
interface Condition {
  /** Names separated by dots: `order.items.0.sku`. */
  readonly path: string;
  readonly equals?: Comparable | undefined;
  readonly notEquals?: Comparable | undefined;
  readonly in?: readonly Comparable[] | undefined;
  readonly exists?: boolean | undefined;
  readonly startsWith?: string | undefined;
  readonly greaterThan?: number | undefined;
  readonly atLeast?: number | undefined;
  readonly lessThan?: number | undefined;
  readonly atMost?: number | undefined;
}

/** Which payloads an endpoint wants. Payloads that are not JSON match no filter. */
export type PayloadFilter =
  | Condition
  | { readonly all: readonly PayloadFilter[] }
  | { readonly any: readonly PayloadFilter[] }
  | { readonly not: PayloadFilter };

const MAX_CONDITIONS = 32;
const MAX_DEPTH = 5;

const comparable = z.union([z.string().max(1_024), z.number(), z.boolean(), z.null()]);

const condition = z
  .strictObject({
    path: z.string().min(1).max(256),
    equals: comparable.optional(),
    notEquals: comparable.optional(),
    in: z.array(comparable).min(1).max(64).optional(),
    exists: z.boolean().optional(),
    startsWith: z.string().max(1_024).optional(),
    greaterThan: z.number().optional(),
    atLeast: z.number().optional(),
    lessThan: z.number().optional(),
    atMost: z.number().optional(),
  })
  .refine((value) => Object.keys(value).length > 1, "has a path and no operator, such as equals");

const nested: z.ZodType<PayloadFilter> = z.lazy(() =>
  z.union([
    condition,
    z.strictObject({ all: z.array(nested).min(1).max(MAX_CONDITIONS) }),
    z.strictObject({ any: z.array(nested).min(1).max(MAX_CONDITIONS) }),
    z.strictObject({ not: nested }),
  ]),
);

export const payloadFilterSchema = nested
  .refine((filter) => depthOf(filter) <= MAX_DEPTH, `is nested more than ${MAX_DEPTH} deep`)
  .refine((filter) => conditionsOf(filter) <= MAX_CONDITIONS, `has more than ${MAX_CONDITIONS} conditions`);

/** Whether a parsed payload passes. Never throws. */
export function passesFilter(filter: PayloadFilter, payload: unknown): boolean {
  if ("all" in filter) return filter.all.every((one) => passesFilter(one, payload));
  if ("any" in filter) return filter.any.some((one) => passesFilter(one, payload));
  if ("not" in filter) return !passesFilter(filter.not, payload);
  return holds(filter, valueAt(payload, filter.path));
}

function holds(condition: Condition, value: unknown): boolean {
  const { equals, notEquals, exists, startsWith, greaterThan, atLeast, lessThan, atMost } = condition;
  const number = typeof value === "number" ? value : Number.NaN;
  return (
    (equals === undefined || value === equals) &&
    (notEquals === undefined || value !== notEquals) &&
    (condition.in === undefined || condition.in.some((one) => one === value)) &&
    (exists === undefined || (value !== undefined) === exists) &&
    (startsWith === undefined || (typeof value === "string" && value.startsWith(startsWith))) &&
    (greaterThan === undefined || number > greaterThan) &&
    (atLeast === undefined || number >= atLeast) &&
    (lessThan === undefined || number < lessThan) &&
    (atMost === undefined || number <= atMost)
  );
}

function valueAt(payload: unknown, path: string): unknown {
  let value = payload;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function parts(filter: PayloadFilter): readonly PayloadFilter[] {
  if ("all" in filter) return filter.all;
  if ("any" in filter) return filter.any;
  return "not" in filter ? [filter.not] : [];
}

function depthOf(filter: PayloadFilter): number {
  return 1 + Math.max(0, ...parts(filter).map(depthOf));
}

function conditionsOf(filter: PayloadFilter): number {
  return "path" in filter ? 1 : parts(filter).reduce((sum, one) => sum + conditionsOf(one), 0);
}
