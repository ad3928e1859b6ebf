import { readFileSync } from "node:fs";
import type { Environment } from "../environment.ts";
import { configFileVariable, type SettingsFrom, type SettingsTable } from "../settings/define-settings.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { formatProblems } from "../settings/problem.ts";
import { systemCode } from "../settings/raw-values.ts";
import type { Setting } from "../settings/setting.ts";
import { parseArguments, usageText } from "./parse-arguments.ts";

export interface ConfigureOptions<Table extends readonly Setting[]> {
  /** The program's name, for the usage text. */
  readonly name: string;
  /** One sentence for the usage text: what the program does. */
  readonly description: string;
  readonly table: SettingsTable<Table>;
  /** The arguments after the script: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly environment: Environment;
  /** See `SettingsSources.otherVariables`. */
  readonly otherVariables?: readonly string[];
  /** Where words for people go; standard output and standard error by default. */
  readonly print?: (stream: "out" | "err", text: string) => void;
  /** Reads the configuration file and the files of secrets; the file system by default. */
  readonly readFile?: (path: string) => string;
}

/** Either settings to run with, or the exit code to leave with; everything there was to say has been printed. */
export type Configured<Settings> =
  | { readonly kind: "run"; readonly settings: Settings }
  | { readonly kind: "exit"; readonly exitCode: 0 | 1 | 2 };

/**
 * The first thing a service's main does: arguments, configuration file, settings.
 *
 * Exit codes: 0 after `--help` and a good `--check-config`, 1 for a configuration that cannot be used, 2 for wrong
 * arguments. The file is the one `--config` names, else the one in the variable `TIDEGATE_CONFIG`, else none.
 */
export function configure<const Table extends readonly Setting[]>(
  options: ConfigureOptions<Table>,
): Configured<SettingsFrom<Table>> {
  const { name, description, table, argv, environment, otherVariables = [] } = options;
  const { print = printToProcess, readFile = (path: string) => readFileSync(path, "utf8") } = options;

  const parsed = parseArguments(argv);
  if (!parsed.ok) {
    print("err", `${name}: ${parsed.message}\n`);
    return { kind: "exit", exitCode: 2 };
  }
  if (parsed.command === "help") {
    print("out", `${usageText(name, description)}\n${sourcesText(table.prefix)}\n`);
    return { kind: "exit", exitCode: 0 };
  }

  const fileName = parsed.configFile ?? (environment[configFileVariable(table.prefix)] || undefined);
  let fileText = "";
  if (fileName !== undefined) {
    try {
      fileText = readFile(fileName);
    } catch (error) {
      print(
        "err",
        `${name}: cannot read the configuration file ${JSON.stringify(fileName)} (${systemCode(error)})\n`,
      );
      return { kind: "exit", exitCode: 1 };
    }
  }
  const loaded = loadSettings(table, {
    environment,
    fileText,
    ...(fileName === undefined ? {} : { fileName }),
    otherVariables,
    readFile,
  });
  if (!loaded.ok) {
    print("err", `${name}: the configuration cannot be used:\n${formatProblems(loaded.problems)}\n`);
    return { kind: "exit", exitCode: 1 };
  }
  if (parsed.command === "run") return { kind: "run", settings: loaded.settings };
  print("out", "configuration ok\n");
  return { kind: "exit", exitCode: 0 };
}

function sourcesText(prefix: string): string {
  const file = `the file named by --config or ${configFileVariable(prefix)}`;
  return `A setting is taken from its variable (${prefix}…), else from ${file}, else it has its default.`;
}

function printToProcess(stream: "out" | "err", text: string): void {
  (stream === "out" ? process.stdout : process.stderr).write(text);
}
