import type { Environment } from "../environment.ts";
import { type Located, lineAt, parseLocatedYaml, plainValue } from "./located-yaml.ts";
import type { SettingsProblem } from "./problem.ts";
import { fileVariableOf, type Setting, takesPlainText, variableOf } from "./setting.ts";

/** What was written for a setting, and how to name the place it was written at. */
export interface RawValue {
  readonly value: unknown;
  /** The source of a problem at `path` inside the value. */
  readonly sourceAt: (path: readonly PropertyKey[]) => string;
}

export type RawResult =
  | { readonly kind: "given"; readonly raw: RawValue }
  | { readonly kind: "absent" }
  | { readonly kind: "problem"; readonly problem: SettingsProblem };

const ABSENT: RawResult = { kind: "absent" };
const MAX_SECRET_CHARACTERS = 65_536;

/** The value that the environment gives for a setting: the variable itself or, for secrets, the file another one names. */
export function fromEnvironment(
  setting: Setting,
  prefix: string,
  environment: Environment,
  readFile: (path: string) => string,
): RawResult {
  const variable = variableOf(setting, prefix);
  const fileVariable = fileVariableOf(setting, prefix);
  // Templates write `X=${X:-}`: an empty variable says nothing.
  const direct = environment[variable] || undefined;
  const file = fileVariable === undefined ? undefined : environment[fileVariable] || undefined;
  if (direct !== undefined && file !== undefined) {
    return problem(`env ${fileVariable}`, `${variable} is set as well; set only one of the two`);
  }
  if (direct !== undefined) return fromText(setting, direct, `env ${variable}`);
  return file === undefined ? ABSENT : fromFile(setting, file, `env ${fileVariable}`, readFile);
}

/** The value that the configuration file gives for a setting, found at `located`. */
export function fromLocated(
  setting: Setting,
  located: Located,
  fileName: string,
  readFile: (path: string) => string,
): RawResult {
  const source = `${fileName} line ${located.line}, ${setting.path}`;
  if (located.kind === "scalar" && located.value === null) {
    return problem(source, "has no value; write one or remove the line");
  }
  const secretPath = setting.secret ? soleFileEntry(located) : undefined;
  if (secretPath !== undefined) return fromFile(setting, secretPath, source, readFile);
  const sourceAt = (path: readonly PropertyKey[]) =>
    `${fileName} line ${lineAt(located, path)}, ${joinPath(setting.path, path)}`;
  return { kind: "given", raw: { value: plainValue(located), sourceAt } };
}

/** `namespaces` and `["chat", "history"]` as `namespaces.chat.history`. */
function joinPath(base: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (joined, key) => (typeof key === "number" ? `${joined}[${key}]` : `${joined}.${String(key)}`),
    base,
  );
}

function soleFileEntry(located: Located): string | undefined {
  if (located.kind !== "mapping" || located.entries.size !== 1) return undefined;
  const entry = located.entries.get("file");
  return entry?.kind === "scalar" && typeof entry.value === "string" ? entry.value : undefined;
}

function fromFile(
  setting: Setting,
  path: string,
  source: string,
  readFile: (path: string) => string,
): RawResult {
  let content: string;
  try {
    content = readFile(path).trim();
  } catch (error) {
    return problem(source, `cannot read the file ${JSON.stringify(path)} (${systemCode(error)})`);
  }
  if (content === "") return problem(source, `the file ${JSON.stringify(path)} is empty`);
  if (content.length > MAX_SECRET_CHARACTERS) {
    return problem(
      source,
      `the file ${JSON.stringify(path)} is longer than ${MAX_SECRET_CHARACTERS} characters`,
    );
  }
  return fromText(setting, content, source);
}

function fromText(setting: Setting, text: string, source: string): RawResult {
  const sourceAt = (path: readonly PropertyKey[]) =>
    path.length === 0 ? source : `${source}, ${joinPath(setting.path, path)}`;
  if (takesPlainText(setting.schema)) return { kind: "given", raw: { value: text, sourceAt } };
  const parsed = parseLocatedYaml(text);
  if (!parsed.ok) {
    const [first] = parsed.problems;
    return problem(source, `expected YAML or JSON; ${first === undefined ? "not valid" : first.message}`);
  }
  return { kind: "given", raw: { value: plainValue(parsed.root), sourceAt } };
}

/** The code of a system error (ENOENT), which is all that may be said: messages of readers can quote content. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unreadable";
}

function problem(source: string, message: string): RawResult {
  return { kind: "problem", problem: { source, message } };
}
