import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment, runCommand } from "@tidegate/testkit";
import { parse } from "yaml";
import { type GoProgram, locateGoProgram } from "../go-program.ts";
import { type Manifest, recordAt } from "../manifest.ts";

/** What Docker itself reads compose files with: the schema of the specification, and what a schema cannot say. */
const COMPOSE_GO: GoProgram = {
  name: "compose-go",
  package: "github.com/compose-spec/compose-go/v2/cmd",
  executable: "cmd",
  version: "v2.16.2",
  takes: "half a minute",
};
const TIMEOUT_MS = 30_000;

export const DOCKER = join(import.meta.dirname, "../../../deploy/docker");

/**
 * What Docker makes of the text of a compose file in `deploy/docker`: merged, with the defaults of variables and paths resolved.
 *
 * @throws TestkitError with what is wrong: a field that does not exist, a text where a number belongs.
 */
export type ReadCompose = (text: string) => Promise<Manifest>;

/** Builds the program first, if need be. It is asked once for each text: it takes most of the time of a test. */
export async function openComposeReader(): Promise<ReadCompose> {
  const program = await locateGoProgram(COMPOSE_GO);
  const read = new Map<string, Promise<Manifest>>();
  return (text) => {
    const reading = read.get(text) ?? readWith(program, text);
    read.set(text, reading);
    return reading;
  };
}

async function readWith(program: string, text: string): Promise<Manifest> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-compose-"));
  try {
    const file = join(directory, "compose.yaml");
    await writeFile(file, text);
    const read = await runCommand(program, [file], {
      env: readEnvironment(),
      // Paths begin here, wherever the file lies.
      cwd: DOCKER,
      timeoutMs: TIMEOUT_MS,
    });
    return recordAt(parse(read));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
