import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFile extends AsyncDisposable {
  readonly path: string;
}

/** A file with this content, as long as the test needs it. */
export async function temporaryFile(content: string): Promise<TemporaryFile> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  const path = join(directory, "content");
  await writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
