import * as z from "zod";
import { DURATION_UNITS, parseQuantity, SIZE_UNITS } from "./quantity.ts";
import { noted, noteOf, type Unit } from "./schema-note.ts";

/** Inclusive bounds. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** A size: a whole number of bytes, or text such as `64KiB` or `2MB`. At least 0 unless `min` says more. */
export function bytes(bounds: Bounds = {}): z.ZodType<number, number | string> {
  return quantity(bounds, {
    type: "size",
    unit: "bytes",
    units: SIZE_UNITS,
    noun: "bytes",
    sample: "65536 or 64KiB",
  });
}

/** A duration: a whole number of milliseconds, or text such as `500ms`, `30s`, `5m`, `12h`, `8d`. */
export function milliseconds(bounds: Bounds = {}): z.ZodType<number, number | string> {
  return quantity(bounds, {
    type: "duration",
    unit: "ms",
    units: DURATION_UNITS,
    noun: "milliseconds",
    sample: "1500 or 30s",
  });
}

/** A whole number, at least 0 unless `min` says otherwise. */
export function integer(bounds: Bounds & { readonly unit?: Unit } = {}): z.ZodType<number, number | string> {
  const { min, max } = resolveBounds(bounds, Number.MAX_SAFE_INTEGER);
  const expects = `a whole number ${rangeText(min, max)}`;
  return converted<number, number | string>({ type: "integer", expects, unit: bounds.unit }, (value) => {
    const number = typeof value === "string" && /^-?[0-9]{1,16}$/.test(value.trim()) ? Number(value) : value;
    return Number.isSafeInteger(number) && inRange(number, min, max) ? number : undefined;
  });
}

/** A whole number within bounds, or the one word that stands for a number that is found out. */
export function integerOr<const Word extends string>(
  word: Word,
  bounds: Bounds = {},
): z.ZodType<number | Word, number | string> {
  const { min, max } = resolveBounds(bounds, Number.MAX_SAFE_INTEGER);
  const number = integer(bounds);
  const note = {
    type: `integer | ${word}`,
    expects: `a whole number ${rangeText(min, max)}, or ${word}`,
    unit: undefined,
  };
  return converted<number | Word, number | string>(note, (value) =>
    value === word ? word : number.safeParse(value).data,
  );
}

/** A finite number, at least 0 unless `min` says otherwise. */
export function decimal(bounds: Bounds & { readonly unit?: Unit } = {}): z.ZodType<number, number | string> {
  const { min, max } = resolveBounds(bounds, Number.MAX_VALUE);
  const expects = `a number ${rangeText(min, max)}`;
  return converted<number, number | string>({ type: "number", expects, unit: bounds.unit }, (value) => {
    const plain = typeof value === "string" && /^-?[0-9]{1,16}(\.[0-9]{1,16})?$/.test(value.trim());
    const number = plain ? Number(value) : value;
    return Number.isFinite(number) && inRange(number, min, max) ? number : undefined;
  });
}

/** A TCP port from 0 to 65535; 0 lets the system choose a free one. */
export function port(): z.ZodType<number, number | string> {
  const expects = "a port from 0 to 65535 (0 takes any free one)";
  return converted<number, number | string>({ type: "port", expects, unit: undefined }, (value) => {
    const number = typeof value === "string" && /^[0-9]{1,5}$/.test(value.trim()) ? Number(value) : value;
    return Number.isInteger(number) && inRange(number, 0, 65_535) ? number : undefined;
  });
}

/** `true` or `false`, in the environment exactly these words. */
export function flag(): z.ZodType<boolean, boolean | "true" | "false"> {
  const note = { type: "boolean", expects: "true or false", unit: undefined };
  return converted<boolean, boolean | "true" | "false">(note, (value) => {
    if (typeof value === "boolean") return value;
    return value === "true" ? true : value === "false" ? false : undefined;
  });
}

/** One of the given words. */
export function oneOf<const Word extends string>(words: readonly [Word, ...Word[]]): z.ZodType<Word, Word> {
  const note = { type: words.join(" | "), expects: `one of ${words.join(", ")}`, unit: undefined };
  return converted<Word, Word>(note, (value) => words.find((word) => word === value));
}

export interface TextOptions {
  /** Fewest characters; 1 by default, so that an empty text is refused. */
  readonly min?: number;
  /** Most characters; 4096 by default. */
  readonly max?: number;
  /** What the text must look like; `expects` must then say it in words. */
  readonly pattern?: { readonly test: RegExp; readonly expects: string };
  /** Whether line breaks are allowed, as in a PEM key; no by default. */
  readonly multiline?: boolean;
}

/** A text, on one line unless `multiline`. */
export function text(options: TextOptions = {}): z.ZodType<string, string> {
  const { min = 1, max = 4096, pattern, multiline = false } = options;
  if (pattern?.test.global || pattern?.test.sticky)
    throw new TypeError("pattern: g and y make a test depend on the last");
  const length = `${min} to ${max} characters`;
  const expects = pattern === undefined ? `text of ${length}` : `${pattern.expects} (${length})`;
  return converted<string, string>({ type: "text", expects, unit: undefined }, (value) => {
    if (typeof value !== "string" || value.length < min || value.length > max) return undefined;
    // Control characters come from a wrong file or a lost quote, and would break headers and log lines later.
    if (hasControlCharacter(multiline ? value.replace(/[\r\n]/g, "") : value)) return undefined;
    return pattern === undefined || pattern.test.test(value) ? value : undefined;
  });
}

/** The path of a file. Whether the file exists is the reader's business. */
export function filePath(): z.ZodType<string, string> {
  return converted<string, string>(
    { type: "path", expects: "the path of a file", unit: undefined },
    (value) => (typeof value === "string" && value !== "" && !hasControlCharacter(value) ? value : undefined),
  );
}

/** An absolute URL with one of the given schemes (`["https", "http"]`), kept as the text that was written. */
export function url(schemes: readonly [string, ...string[]]): z.ZodType<string, string> {
  const expects = `a URL beginning with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`;
  return converted<string, string>({ type: "URL", expects, unit: undefined }, (value) => {
    if (typeof value !== "string" || hasControlCharacter(value)) return undefined;
    const parsed = URL.parse(value);
    const fits =
      parsed !== null && parsed.host !== "" && schemes.some((scheme) => parsed.protocol === `${scheme}:`);
    return fits ? value : undefined;
  });
}

/** A list: in YAML a sequence, in the environment its items separated by commas. Items are trimmed, empty ones refused. */
export function listOf<Item>(
  item: z.ZodType<Item, string | number>,
  options: Bounds = {},
): z.ZodType<Item[], string | readonly (string | number)[]> {
  const { min, max } = resolveBounds(options, 1000);
  const itemType = noteOf(item)?.type;
  const note = {
    type: itemType === undefined ? "list" : `list of ${itemType}`,
    expects: `a list of ${min} to ${max} items`,
    unit: undefined,
  };
  const items = z
    .custom<string | readonly (string | number)[]>(
      (value) => typeof value === "string" || Array.isArray(value),
      note.expects,
    )
    .transform((value) => (typeof value === "string" ? splitList(value) : value))
    .pipe(z.array(item).min(min, note.expects).max(max, note.expects));
  return noted(items, note);
}

function splitList(value: string): string[] {
  return value.trim() === "" ? [] : value.split(",").map((part) => part.trim());
}

interface QuantityKind {
  readonly type: string;
  readonly unit: Unit;
  readonly units: Readonly<Record<string, number>>;
  readonly noun: string;
  readonly sample: string;
}

function quantity(bounds: Bounds, kind: QuantityKind): z.ZodType<number, number | string> {
  const { min, max } = resolveBounds(bounds, Number.MAX_SAFE_INTEGER);
  const expects = `a whole number of ${kind.noun} ${rangeText(min, max)}, such as ${kind.sample}`;
  return converted<number, number | string>({ type: kind.type, expects, unit: kind.unit }, (value) => {
    const number = typeof value === "string" ? parseQuantity(value, kind.units) : value;
    return Number.isSafeInteger(number) && inRange(number, min, max) ? number : undefined;
  });
}

/**
 * A schema that accepts whatever `convert` does not answer with `undefined`. `Input` is what a default may be written as;
 * at run time anything may come, and everything that does not fit gets the same sentence.
 */
function converted<Output, Input>(
  note: { readonly type: string; readonly expects: string; readonly unit: Unit | undefined },
  convert: (value: unknown) => Output | undefined,
): z.ZodType<Output, Input> {
  const schema = z
    .custom<Input>((value) => value !== undefined, note.expects)
    .transform((value, context): Output => {
      const output = convert(value);
      if (output !== undefined) return output;
      context.issues.push({ code: "custom", message: note.expects, input: value });
      return z.NEVER;
    });
  return noted(schema, note);
}

function resolveBounds(bounds: Bounds, most: number): { min: number; max: number } {
  const { min = 0, max = most } = bounds;
  if (!(min <= max)) throw new TypeError(`bounds: min ${min} must not exceed max ${max}`);
  return { min, max };
}

function inRange(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && value >= min && value <= max;
}

function rangeText(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER || max === Number.MAX_VALUE
    ? `of at least ${min}`
    : `from ${min} to ${max}`;
}

function hasControlCharacter(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
