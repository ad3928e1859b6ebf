import * as z from "zod";

/** Units that a setting can be counted in. */
export type Unit = "bytes" | "ms" | "s" | "ratio" | "per second" | "count";

/** What the helpers in `setting-schemas.ts` know about a schema beyond what zod can say. */
export interface SchemaNote {
  /** Short name of the type for the documentation. */
  readonly type: string;
  /** What to write, ending a sentence that begins with "expected". */
  readonly expects: string;
  readonly unit: Unit | undefined;
}

const notes = z.registry<SchemaNote>();

/** Attaches a note. Schemas derived by `.refine()`, `.describe()` or `.meta()` inherit it. */
export function noted<S extends z.ZodType>(schema: S, note: SchemaNote): S {
  notes.add(schema, note);
  return schema;
}

export function noteOf(schema: z.core.$ZodType): SchemaNote | undefined {
  return notes.get(schema);
}
