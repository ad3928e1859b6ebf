import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Machine } from "../machine.ts";
import type { Verdict } from "./verdict.ts";

/** A row of figures that becomes a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export type Chart =
  | {
      readonly kind: "bars";
      readonly title: string;
      readonly unit: string;
      readonly bars: readonly (readonly [name: string, value: number])[];
    }
  | {
      readonly kind: "lines";
      readonly title: string;
      readonly unit: string;
      readonly xUnit: string;
      readonly lines: readonly Series[];
    };

/** What a run has found, kept so that it can be shown, and compared with another. */
export interface LoadRecord {
  /** What was run, as it would be typed. */
  readonly command: string;
  readonly machine: Machine;
  /** What a reader has to know before believing a figure. */
  readonly remarks: readonly string[];
  readonly verdicts: readonly Verdict[];
  readonly charts: readonly Chart[];
  /** Everything that was measured, as the command prints it with `--json`. */
  readonly details: unknown;
}

export const RECORD_NAME = /^[a-z0-9-]{1,60}$/;

export const RESULTS = new URL("../results/", import.meta.url);

/** Writes `load-tests/results/<name>.json`. Returns its path. */
export async function writeRecord(name: string, record: LoadRecord): Promise<string> {
  const path = fileURLToPath(new URL(`${name}.json`, RESULTS));
  await mkdir(RESULTS, { recursive: true });
  await writeFile(path, `${JSON.stringify(record)}\n`);
  return path;
}

/** How this process was started, for whoever wants to do the same. */
export function commandLine(script: string, argv: readonly string[]): string {
  const shown = argv.filter((argument, index) => argument !== "--record" && argv[index - 1] !== "--record");
  return ["npm run", script, ...(shown.length === 0 ? [] : ["--", ...shown])].join(" ");
}
