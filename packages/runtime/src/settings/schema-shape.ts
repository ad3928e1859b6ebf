import * as z from "zod";

/** What a schema accepts, as far as the loader and the documentation need to know. */
export type SchemaShape =
  | { readonly kind: "object"; readonly keys: ReadonlyMap<string, z.core.$ZodType>; readonly strict: boolean }
  | { readonly kind: "record"; readonly value: z.core.$ZodType }
  | { readonly kind: "list"; readonly item: z.core.$ZodType }
  | { readonly kind: "union"; readonly options: readonly z.core.$ZodType[] }
  | { readonly kind: "leaf"; readonly schema: z.core.$ZodType };

/** The schemas around and including `schema`, from the outside in, until one that is not a mere wrapper. */
export function layersOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const layers = [schema];
  for (let current: z.core.$ZodType | undefined = schema; current !== undefined; ) {
    current = innerOf(current);
    if (current !== undefined) layers.push(current);
  }
  return layers;
}

/** The schema inside all wrappers. */
export function coreOf(schema: z.core.$ZodType): z.core.$ZodType {
  return layersOf(schema).at(-1) ?? schema;
}

export function shapeOf(schema: z.core.$ZodType): SchemaShape {
  const core = coreOf(schema);
  if (core instanceof z.ZodObject) {
    const keys = new Map<string, z.core.$ZodType>(Object.entries(core.def.shape));
    // Without a catchall zod drops unknown keys in silence; a strict object has `never`, an open one says what it takes.
    return { kind: "object", keys, strict: core.def.catchall !== undefined };
  }
  if (core instanceof z.ZodRecord) return { kind: "record", value: core.def.valueType };
  if (core instanceof z.ZodArray) return { kind: "list", item: core.def.element };
  if (core instanceof z.ZodUnion) return { kind: "union", options: core.def.options };
  return { kind: "leaf", schema: core };
}

/** The schemas that the value at `path` inside `schema` may have to meet: several where a union is on the way. */
export function schemasAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly z.core.$ZodType[] {
  const [head, ...rest] = path;
  if (head === undefined) return [schema];
  const shape = shapeOf(schema);
  if (shape.kind === "union") return shape.options.flatMap((option) => schemasAt(option, path));
  const child = childOf(shape, String(head));
  return child === undefined ? [] : schemasAt(child, rest);
}

/** The first object inside `schema` that would drop unknown keys without a word, as a path; `undefined` if there is none. */
export function findLenientObject(
  schema: z.core.$ZodType,
  path: string,
  seen: Set<z.core.$ZodType> = new Set(),
): string | undefined {
  // A schema may contain itself through z.lazy().
  const core = coreOf(schema);
  if (seen.has(core)) return undefined;
  seen.add(core);
  const shape = shapeOf(schema);
  if (shape.kind === "object" && !shape.strict) return path;
  for (const [name, child] of childrenOf(shape)) {
    const found = findLenientObject(child, `${path}${name}`, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The direct parts of a shape with the suffix that leads to them in a path: `.key`, `.<name>`, `[]`, nothing for unions. */
export function childrenOf(shape: SchemaShape): readonly (readonly [string, z.core.$ZodType])[] {
  switch (shape.kind) {
    case "object":
      return [...shape.keys].map(([key, child]) => [`.${key}`, child] as const);
    case "record":
      return [[".<name>", shape.value]];
    case "list":
      return [["[]", shape.item]];
    case "union":
      return shape.options.map((option) => ["", option] as const);
    case "leaf":
      return [];
  }
}

function childOf(shape: SchemaShape, key: string): z.core.$ZodType | undefined {
  if (shape.kind === "object") return shape.keys.get(key);
  if (shape.kind === "record") return shape.value;
  return shape.kind === "list" ? shape.item : undefined;
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodLazy) return schema.def.getter();
  if (schema instanceof z.ZodPipe) {
    // A conversion that ends in a checked schema (a list) says what it takes there; one that ends in a transform, before.
    return schema.def.out instanceof z.ZodTransform ? schema.def.in : schema.def.out;
  }
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly;
  return wraps ? schema.def.innerType : undefined;
}
