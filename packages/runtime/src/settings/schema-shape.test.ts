import { describe, expect, test } from "vitest";
import * as z from "zod";
import { findLenientObject, schemasAt, shapeOf } from "./schema-shape.ts";

const leaf = z.number();

describe("shapeOf", () => {
  const object = z.strictObject({ leaf });
  const wrapped: readonly [string, z.ZodType][] = [
    ["nothing", object],
    ["optional", object.optional()],
    ["nullable", object.nullable()],
    ["default", object.default({ leaf: 1 })],
    ["prefault", object.prefault({ leaf: 1 })],
    ["readonly", object.readonly()],
    ["catch", object.catch({ leaf: 1 })],
    ["lazy", z.lazy(() => object)],
    ["refine", object.refine(() => true)],
    ["transform", object.transform((value) => value.leaf)],
    ["pipe", z.string().transform(Number).pipe(z.any()).or(object).pipe(object)],
    ["several", z.lazy(() => object.optional().readonly()).default({ leaf: 1 })],
  ];

  test.each(wrapped)("sees through %s", (_name, schema) => {
    const shape = shapeOf(schema);
    expect(shape.kind === "object" && [...shape.keys.keys()]).toEqual(["leaf"]);
  });
});

describe("schemasAt", () => {
  const schema = z.record(
    z.string(),
    z.strictObject({
      list: z.array(z.union([leaf, z.strictObject({ deep: leaf })])),
      other: leaf.optional(),
    }),
  );

  test("follows names, records, lists and all branches of a union", () => {
    expect(schemasAt(schema, ["any", "other"])).toHaveLength(1);
    expect(schemasAt(schema, ["any", "list", 0]).map((found) => shapeOf(found).kind)).toEqual(["union"]);
    expect(schemasAt(schema, ["any", "list", 0, "deep"])).toEqual([leaf]);
  });

  test("finds nothing where nothing can be", () => {
    expect(schemasAt(schema, ["any", "missing"])).toEqual([]);
    expect(schemasAt(leaf, ["x"])).toEqual([]);
  });
});

describe("findLenientObject", () => {
  test("finds the object that would drop names, wherever it is", () => {
    expect(findLenientObject(z.object({}), "a")).toBe("a");
    expect(findLenientObject(z.strictObject({ b: z.array(z.object({})).optional() }), "a")).toBe("a.b[]");
    expect(findLenientObject(z.union([leaf, z.strictObject({ c: z.object({}) })]), "a")).toBe("a.c");
  });

  test("accepts objects that are strict, or say what else they take", () => {
    expect(findLenientObject(z.strictObject({ b: leaf }), "a")).toBeUndefined();
    expect(findLenientObject(z.object({ b: leaf }).catchall(leaf), "a")).toBeUndefined();
  });

  test("ends on a schema that contains itself", () => {
    const tree: z.ZodType = z.strictObject({ children: z.array(z.lazy(() => tree)).optional() });
    expect(findLenientObject(tree, "a")).toBeUndefined();
  });
});
