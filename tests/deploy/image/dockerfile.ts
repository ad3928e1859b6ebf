/** One step of an image, as Docker reads it: lines joined, comments and flags taken off. */
export interface Instruction {
  /** In capital letters. */
  readonly name: string;
  /** `--from=build` is `from` and `build`. */
  readonly flags: ReadonlyMap<string, string>;
  /** What follows the flags. */
  readonly text: string;
}

export interface Stage {
  /** What others copy from; undefined if it was given no name. */
  readonly name: string | undefined;
  /** The image that it begins with. */
  readonly base: string;
  /** Arguments from before the first stage, with their defaults: a stage sees those that it names again. */
  readonly globals: ReadonlyMap<string, string>;
  readonly instructions: readonly Instruction[];
}

/** @throws TypeError if it does not begin as a Dockerfile does. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  const globals = new Map<string, string>();
  for (const instruction of instructions(text)) {
    const stage = stages.at(-1);
    if (instruction.name === "FROM") {
      const [base = "", , name] = substitute(instruction.text, globals).split(/\s+/);
      stages.push({ name, base, globals, instructions: [] });
    } else if (stage !== undefined) {
      stage.instructions.push(instruction);
    } else if (instruction.name === "ARG") {
      const [name, value] = assignment(instruction.text);
      globals.set(name, value ?? "");
    } else {
      throw new TypeError(`${instruction.name} before the first FROM`);
    }
  }
  return stages;
}

function instructions(text: string): readonly Instruction[] {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  return lines
    .join("\n")
    .replaceAll(/\\\s*\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [, name = "", flags = "", rest = ""] = /^(\w+)((?:\s+--[a-z-]+=\S+)*)\s*(.*)$/.exec(line) ?? [];
      const pairs = flags.split(/\s+/).filter((flag) => flag !== "");
      return {
        name: name.toUpperCase(),
        flags: new Map(
          pairs.map((flag) => {
            const [flagName, value] = assignment(flag.slice(2));
            return [flagName, value ?? ""] as const;
          }),
        ),
        text: rest,
      };
    });
}

/** `NAME=value`, or `NAME` alone. */
export function assignment(text: string): readonly [name: string, value: string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Puts in what `$NAME` and `${NAME}` stand for; nothing where a name is not known. */
export function substitute(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced: string | undefined, bare: string) => {
    return variables.get(braced ?? bare) ?? "";
  });
}

/** The words of an instruction that has them as a JSON list. @throws SyntaxError or TypeError if it has not. */
export function jsonWords(text: string): readonly string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words)) throw new TypeError(`not a list: ${text}`);
  return words.map(String);
}
