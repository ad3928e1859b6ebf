import { describe, expect, test } from "vitest";
import * as z from "zod";
import { expectationOf, explainIssues } from "./explain-issues.ts";
import { type Setting, setting } from "./setting.ts";
import { bytes, milliseconds } from "./setting-schemas.ts";

function explained(schema: z.ZodType, value: unknown, secret = false): string[] {
  const declared: Setting = setting({ path: "s", schema, doc: "A setting.", secret });
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return [];
  return explainIssues(declared, value, result.error.issues).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
}

const duration = "a whole number of milliseconds of at least 0, such as 1500 or 30s";

describe("explainIssues, for a choice,", () => {
  const choice = z.union([
    z.literal("none"),
    z.strictObject({ maxAgeMs: milliseconds(), mode: z.enum(["a", "b"]).optional() }),
  ]);

  test("complains about the branch that was meant", () => {
    expect(explained(choice, { maxAgeMs: "x" })).toEqual([`maxAgeMs: expected ${duration}; got "x"`]);
    expect(explained(choice, { maxAgeMs: 1, mode: "c" })).toEqual(['mode: expected one of a, b; got "c"']);
  });

  test("complains about the whole when none was", () => {
    expect(explained(choice, "nnoe")).toEqual([': expected none or a mapping; got "nnoe"']);
    expect(explained(choice, 5)).toEqual([": expected none or a mapping; got 5"]);
  });

  test("suggests names within its branches", () => {
    expect(explained(choice, { maxAgeMs: 1, mod: "a" })).toEqual(["mod: unknown; did you mean mode?"]);
  });

  test("of several kinds names the kinds", () => {
    const kinds = z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("memory"), maxBytes: bytes() }),
      z.strictObject({ kind: z.literal("file"), path: z.string() }),
    ]);
    expect(explained(kinds, { kind: "file", path: 7 })).toEqual(["path: expected text; got 7"]);
    expect(explained(kinds, { kind: "flie", path: "x" })).toEqual([
      'kind: expected memory or file; got "flie"',
    ]);
  });
});

describe("explainIssues", () => {
  test("keeps the words of a check written by hand", () => {
    const schema = z.strictObject({ min: z.number(), max: z.number() }).refine(({ min, max }) => min <= max, {
      error: "Must have min below max",
      path: ["max"],
    });
    expect(explained(schema, { min: 2, max: 1 })).toEqual(["max: must have min below max; got 1"]);
  });

  test("names every unknown name", () => {
    expect(explained(z.strictObject({ one: z.number() }), { one: 1, tow: 2, oen: 3 })).toEqual([
      "tow: unknown; known here: one",
      "oen: unknown; did you mean one?",
    ]);
    expect(explained(z.strictObject({}), { a: 1 })).toEqual(["a: unknown"]);
  });

  test("does not repeat names inside a secret", () => {
    expect(explained(z.strictObject({ key: z.string() }), { key: "k", hunter2: 1 }, true)).toEqual([
      ": holds an unknown name, which is not shown; known here: key",
    ]);
  });

  test("does not see names that every object has", () => {
    expect(explained(z.strictObject({ toString: z.number() }), Object.create(null))).toEqual([
      "toString: missing; expected a number",
    ]);
    expect(explained(z.strictObject({}), { toString: 1 })).toEqual(["toString: unknown"]);
  });
});

describe("expectationOf", () => {
  test.each<[z.ZodType, string]>([
    [z.string(), "text"],
    [z.number().int(), "a number"],
    [z.boolean(), "true or false"],
    [z.enum(["a", "b"]), "one of a, b"],
    [z.literal(5), "5"],
    [z.array(z.string()), "a list"],
    [z.record(z.string(), z.string()), "a mapping"],
    [z.strictObject({}).optional(), "a mapping"],
    [z.union([z.string(), z.number(), z.string()]), "text or a number"],
    [milliseconds().optional(), duration],
    [z.date(), "another value"],
  ])("of %# is %j", (schema, expectation) => {
    expect(expectationOf(schema)).toBe(expectation);
  });
});
