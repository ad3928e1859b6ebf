import type * as z from "zod";
import { nearestName } from "../nearest-name.ts";
import { schemasAt, shapeOf } from "./schema-shape.ts";
import { noteThrough, type Setting } from "./setting.ts";
import { showName, showValue, soundsSecret } from "./show-value.ts";

/** A problem and the place inside the setting's value that it is about; empty for the value itself. */
export interface ExplainedIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/**
 * Says what is wrong with a setting's value in the words of its schema helpers, and what to write instead.
 * The issues must come from a parse with `reportInput`.
 */
export function explainIssues(setting: Setting, value: unknown, issues: readonly Issue[]): ExplainedIssue[] {
  return flatten(issues, []).flatMap((issue) => explain(setting, value, issue));
}

/** What a setting takes, ending a sentence that begins with "expected". */
export function expectationOf(schema: z.core.$ZodType): string {
  const note = noteThrough(schema);
  if (note !== undefined) return note.expects;
  const shape = shapeOf(schema);
  if (shape.kind === "object" || shape.kind === "record") return "a mapping";
  if (shape.kind === "list") return "a list";
  if (shape.kind === "union") return [...new Set(shape.options.map(expectationOf))].join(" or ");
  const { def } = shape.schema._zod;
  const values = shape.schema._zod.values;
  const words = [...(values ?? [])].map(String);
  if (words.length > 0) return `${words.length > 1 ? "one of " : ""}${words.join(", ")}`;
  return (
    { string: "text", number: "a number", boolean: "true or false" }[String(def.type)] ?? "another value"
  );
}

function explain(setting: Setting, value: unknown, issue: Issue): ExplainedIssue[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(setting.schema, path);
    if (!setting.secret)
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known) }));
    // A secret that was meant to be text may have become a name.
    return [{ path, message: `holds an unknown name, which is not shown; known here: ${known.join(", ")}` }];
  }
  const found = valueAt(value, issue);
  const schemas = schemasAt(setting.schema, path);
  const note = schemas.map(noteThrough).find((known) => known !== undefined);
  if (setting.secret) {
    // Not even the schema's own sentence: a check written by hand may quote what it saw.
    const expected = schemas[0] === undefined ? "another value" : expectationOf(schemas[0]);
    return [{ path, message: `expected ${expected}; the value is a secret and not shown` }];
  }
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? "it does not fit";
    return [
      { path, message: `${showName(String(path.at(-1)))} cannot be a name here: ${lowerFirst(reason)}` },
    ];
  }
  const expected = expectation(issue, schemas, note?.expects);
  if (found === undefined) return [{ path, message: `missing; ${expected}` }];
  const isInner = path.length > 0;
  if (isInner && path.some(soundsSecret)) return [{ path, message: `${expected}; the value is not shown` }];
  const quotes = note?.type === "text" && (typeof found === "number" || typeof found === "boolean");
  return [{ path, message: `${expected}; got ${showValue(found)}${quotes ? ", which needs quotes" : ""}` }];
}

function expectation(issue: Issue, schemas: readonly z.core.$ZodType[], noted: string | undefined): string {
  // A custom message is either the note's own sentence or one that a check was given on purpose.
  if (noted !== undefined && (issue.code !== "custom" || issue.message === noted)) return `expected ${noted}`;
  const isKind =
    issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
  const expected = [...new Set(schemas.map(expectationOf))].join(" or ");
  return isKind && expected !== "" ? `expected ${expected}` : lowerFirst(issue.message);
}

/** Of a union's branches the one that came closest speaks for all: the fewest complaints, the deepest first. */
function flatten(issues: readonly Issue[], base: readonly PropertyKey[]): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...base, ...issue.path];
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ ...issue, path }];
    const branches = issue.errors.map((errors) => flatten(errors, path));
    const closest = branches.filter((branch) => branch.every((inner) => inner.path.length > path.length));
    const best = closest.sort((left, right) => left.length - right.length)[0];
    return best ?? [{ ...issue, path }];
  });
}

function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  return [...new Set(schemasAt(schema, path).flatMap(keysOf))];
}

function keysOf(schema: z.core.$ZodType): string[] {
  const shape = shapeOf(schema);
  if (shape.kind === "union") return shape.options.flatMap(keysOf);
  return shape.kind === "object" ? [...shape.keys.keys()] : [];
}

/**
 * The value an issue is about. It is looked up by the issue's path, since a check may point its issue elsewhere; where the path
 * leads into something the schema made, such as the items of a comma-separated text, only the issue knows.
 */
function valueAt(value: unknown, issue: Issue): unknown {
  let current = value;
  for (const key of issue.path) {
    if (typeof current !== "object" || current === null) return issue.input;
    current = Object.getOwnPropertyDescriptor(current, key)?.value;
    if (current === undefined) return undefined;
  }
  return current;
}

/** The complaint about a name that is not in `known`. */
function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  if (near !== undefined) return `unknown; did you mean ${near}?`;
  return known.length === 0 ? "unknown" : `unknown; known here: ${known.join(", ")}`;
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
