import { RECORD_NAME } from "./record/record.ts";

/** Reads values of options of a command and remembers what is wrong with them. */
export class OptionReader {
  #problem: string | undefined;

  /** What was wrong first; `undefined` if nothing was. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A whole number of at most nine digits. */
  number(name: string, text: string, min: number, max: number): number {
    if (!/^\d{1,9}$/.test(text) || Number(text) < min || Number(text) > max) {
      this.refuse(`--${name} must be a whole number from ${min} to ${max}, not ${text}`);
    }
    return Number(text);
  }

  /** Those of the known names that were given, in the order of the known ones; all where none was. */
  chosen<Name extends string>(
    option: string,
    given: readonly string[],
    known: readonly Name[],
  ): readonly Name[] {
    const unknown = given.find((name) => !known.some((one) => one === name));
    if (unknown !== undefined) {
      this.refuse(`--${option} must be one of ${known.join(", ")}, not ${unknown}`);
    }
    return given.length === 0 ? known : known.filter((name) => given.includes(name));
  }

  /** Name of the file in `load-tests/results`; `undefined`: none. */
  recordName(record: string | undefined): string | undefined {
    if (record !== undefined && !RECORD_NAME.test(record)) {
      this.refuse(`--record must be lower-case letters, digits and dashes, not ${record}`);
    }
    return record;
  }

  /** Remembered if it is the first. */
  refuse(problem: string): void {
    this.#problem ??= problem;
  }
}
