import type * as z from "zod";
import { noteOf, type SchemaNote, type Unit } from "./schema-note.ts";
import { layersOf, shapeOf } from "./schema-shape.ts";

/** One setting, as a table holds it. `Path` and `Value` are what the type of the loaded settings is made of. */
export interface Setting<Path extends string = string, Value = unknown> {
  readonly path: Path;
  readonly schema: z.ZodType<Value>;
  /** The variable's name if it does not follow from the path. */
  readonly env: string | undefined;
  /** As it would be written in a file; parsed by the schema like any other value. */
  readonly fallback: { readonly value: unknown } | undefined;
  readonly unit: Unit | undefined;
  readonly doc: string;
  readonly secret: boolean;
}

export interface SettingDeclaration<Path extends string, Value, Written> {
  /** Dotted place in the file and in the settings object: `limits.frameBytes`. Each part is camelCase. */
  readonly path: Path;
  /**
   * What values are allowed: a helper (`bytes()`, `port()`, …) or any zod schema. A schema of an object or a record takes a
   * whole YAML subtree; objects in it must be strict. Without a default, a schema that accepts `undefined` makes the
   * setting optional, any other makes it required.
   */
  readonly schema: z.ZodType<Value, Written>;
  /** Overrides the variable's name, which otherwise follows from the path: `TIDEGATE_LIMITS_FRAME_BYTES`. */
  readonly env?: string;
  /** The value when nothing is given, written as in a file (`"64KiB"` is as good as 65536). */
  readonly default?: NoInfer<Written>;
  /** Overrides the unit that the schema helper brings along. */
  readonly unit?: Unit;
  /** One or two sentences for the reference: what it decides, and what happens at the limit. */
  readonly doc: string;
  /**
   * The value is never printed, may not have a default, and can come from a file: `<VARIABLE>_FILE`, or in YAML
   * `{ file: /path }`. The file's text is trimmed.
   */
  readonly secret?: boolean;
}

/** Declares a setting. Mistakes in the declaration are reported by `defineSettings`, which sees the whole table. */
export function setting<const Path extends string, Value, Written>(
  declaration: SettingDeclaration<Path, Value, Written>,
): Setting<Path, Value> {
  const { path, schema, env, unit, doc, secret = false } = declaration;
  const fallback = declaration.default === undefined ? undefined : { value: declaration.default };
  return Object.freeze({ path, schema, env, fallback, unit, doc, secret });
}

/** `limits.frameBytes` with prefix `TIDEGATE_` is `TIDEGATE_LIMITS_FRAME_BYTES`. */
export function variableOf(setting: Setting, prefix: string): string {
  if (setting.env !== undefined) return setting.env;
  const words = setting.path
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replaceAll(".", "_");
  return `${prefix}${words.toUpperCase()}`;
}

/** The variable that names a file with the value; only secrets have one. */
export function fileVariableOf(setting: Setting, prefix: string): string | undefined {
  return setting.secret ? `${variableOf(setting, prefix)}_FILE` : undefined;
}

/** The note of the outermost layer that has one: `bytes().optional()` is still a size. */
export function noteThrough(schema: z.core.$ZodType): SchemaNote | undefined {
  for (const layer of layersOf(schema)) {
    const note = noteOf(layer);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** Whether a variable's text is the value itself; otherwise it is read as YAML (of which JSON is a part). */
export function takesPlainText(schema: z.core.$ZodType): boolean {
  if (noteThrough(schema) !== undefined) return true;
  const shape = shapeOf(schema);
  if (shape.kind !== "leaf") return false;
  const type = shape.schema._zod.def.type;
  return type === "string" || type === "enum" || type === "template_literal";
}

export function unitOf(setting: Setting): Unit | undefined {
  return setting.unit ?? noteThrough(setting.schema)?.unit;
}
