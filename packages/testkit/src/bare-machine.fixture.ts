import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A machine of its own for a test, with nothing on it but what a shell script needs. */
export interface BareMachine {
  readonly root: string;
  /** Its only place for programs. */
  readonly bin: string;
  /** What its apt-get was asked for, a line for each time. */
  aptCalls(): Promise<string>;
  /** An apt-get that notes what it is asked for, or what else of a shell's variables, and then does what the script says. */
  writeAptGet(script: string, noted?: string): Promise<void>;
}

export async function bareMachine(): Promise<BareMachine> {
  const root = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const bin = join(root, "bin");
  await mkdir(bin);
  const log = join(root, "apt.log");
  return {
    root,
    bin,
    aptCalls: () => readFile(log, "utf8").catch(() => ""),
    writeAptGet: async (script, noted = "$*") => {
      await writeProgram(join(bin, "apt-get"), `echo "${noted}" >> '${log}'\n${script}`);
    },
  };
}

/** Writes a shell script that can be run. Returns its path. */
export async function writeProgram(path: string, script: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
