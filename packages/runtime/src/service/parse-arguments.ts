import { nearestName } from "../nearest-name.ts";

/** What the command line asks a service to do. */
export type ParsedArguments =
  | { readonly ok: true; readonly command: "run" | "check" | "help"; readonly configFile: string | undefined }
  | { readonly ok: false; readonly message: string };

const FLAGS = ["--config", "--check-config", "--help"] as const;

/**
 * Reads the arguments after the script's name: `--config FILE` (or `--config=FILE`), `--check-config`, `--help` (or `-h`).
 * `--help` wins over everything valid beside it. Anything else is refused, with the nearest flag as a suggestion.
 */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  let configFile: string | undefined;
  let check = false;
  let help = false;
  const rest = argv.values();
  for (const argument of rest) {
    const [name, inline] = splitFlag(argument);
    if (name === "--config") {
      const file = inline ?? rest.next().value;
      if (file === undefined || file === "" || file.startsWith("-"))
        return refuse("--config needs a file name after it");
      if (configFile !== undefined) return refuse("--config may be given once");
      configFile = file;
    } else if (inline === undefined && name === "--check-config") check = true;
    else if (inline === undefined && (name === "--help" || name === "-h")) help = true;
    else return refuse(unknown(name, inline !== undefined));
  }
  return { ok: true, command: help ? "help" : check ? "check" : "run", configFile };
}

/** The text that `--help` prints. */
export function usageText(name: string, description: string): string {
  return [
    `Usage: ${name} [--config FILE] [--check-config] [--help]`,
    "",
    description,
    "",
    "  --config FILE    read settings from this YAML file",
    "  --check-config   load the settings, print what is wrong with them or that they are fine, and exit",
    "  --help, -h       print this and exit",
    "",
  ].join("\n");
}

function splitFlag(argument: string): readonly [name: string, inline: string | undefined] {
  const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function unknown(name: string, hasValue: boolean): string {
  // The value after "=" is not repeated: it may be a secret that was meant for a variable.
  const shown = JSON.stringify(name.slice(0, 60));
  if (FLAGS.some((flag) => flag === name)) return `${shown} takes ${hasValue ? "no" : "a"} value`;
  const near = name.startsWith("-") ? nearestName(name, FLAGS) : undefined;
  return `unknown argument ${shown}; ${near === undefined ? "see --help" : `did you mean ${near}?`}`;
}

function refuse(message: string): ParsedArguments {
  return { ok: false, message };
}
