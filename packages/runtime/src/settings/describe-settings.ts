import * as z from "zod";
import { code, markdownTable } from "../markdown-table.ts";
import type { SettingsList } from "./define-settings.ts";
import { childrenOf, coreOf, layersOf, shapeOf } from "./schema-shape.ts";
import { noteThrough, type Setting, unitOf, variableOf } from "./setting.ts";

const HEAD = ["Setting", "Variable", "Type", "Default", "Unit", "Meaning"] as const;

/**
 * The reference of a table of settings as Markdown, in the order of the table. What lies inside a subtree gets rows of its
 * own, described by the `.describe()` texts of its schemas. The same table always gives the same text.
 */
export function describeSettings(table: SettingsList): string {
  const rows = table.settings.flatMap((setting) => rowsOf(setting, table.prefix));
  return markdownTable(HEAD, rows);
}

function rowsOf(setting: Setting, prefix: string): string[][] {
  const variable = variableOf(setting, prefix);
  const variables = setting.secret ? `${code(variable)} or ${code(`${variable}_FILE`)}` : code(variable);
  const row = [
    code(setting.path),
    variables,
    typeOf(setting.schema),
    defaultOf(setting),
    unitOf(setting) ?? "",
    setting.doc,
  ];
  return [row, ...innerRows(setting.schema, setting.path, new Set())];
}

/** Rows for the parts of a subtree. Its variable, if any, is the subtree's own. */
function innerRows(schema: z.core.$ZodType, path: string, open: ReadonlySet<z.core.$ZodType>): string[][] {
  // A schema may contain itself through z.lazy(); it is described once.
  const core = coreOf(schema);
  if (open.has(core)) return [];
  const inside = new Set([...open, core]);
  const shape = shapeOf(schema);
  if (noteThrough(schema) !== undefined) return [];
  return childrenOf(shape).flatMap(([suffix, child]) => {
    const childPath = `${path}${suffix}`;
    const deeper = innerRows(child, childPath, inside);
    // Options of a union, items of a list and values of a record are described by what is in them.
    if (shape.kind !== "object") return deeper;
    const note = noteThrough(child);
    return [
      [code(childPath), "", typeOf(child), schemaDefault(child), note?.unit ?? "", descriptionOf(child)],
      ...deeper,
    ];
  });
}

function typeOf(schema: z.core.$ZodType): string {
  const note = noteThrough(schema);
  if (note !== undefined) return note.type;
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "object":
    case "record":
      return "mapping";
    case "list":
      return `list of ${typeOf(shape.item)}`;
    case "union":
      return [...new Set(shape.options.map(typeOf))].join(" | ");
    case "leaf": {
      const { values, def } = shape.schema._zod;
      if (values !== undefined && values.size > 0) return [...values].map(String).join(" | ");
      return def.type === "string" ? "text" : def.type;
    }
  }
}

function defaultOf(setting: Setting): string {
  if (setting.fallback !== undefined) return written(setting.fallback.value);
  const inner = schemaDefault(setting.schema);
  return inner === "required" && setting.schema.safeParse(undefined).success ? "" : inner;
}

function schemaDefault(schema: z.core.$ZodType): string {
  for (const layer of layersOf(schema)) {
    if (layer instanceof z.ZodDefault || layer instanceof z.ZodPrefault)
      return written(layer.def.defaultValue);
    if (layer instanceof z.ZodOptional || layer instanceof z.ZodExactOptional) return "";
  }
  return "required";
}

function descriptionOf(schema: z.core.$ZodType): string {
  for (const layer of layersOf(schema)) {
    const description = layer instanceof z.ZodType ? layer.description : undefined;
    if (description !== undefined) return description;
  }
  return "";
}

/** A default the way it would be written in a file. */
function written(value: unknown): string {
  return code(typeof value === "string" && value !== "" ? value : JSON.stringify(value));
}
