import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findOnPath, isExecutable } from "./find-on-path.ts";

test("every executable file of the name is found, in the order of PATH", async () => {
  const root = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [first, second, directory, data] = ["first", "second", "directory", "data"].map((name) =>
    join(root, name),
  );
  for (const path of [first, second, directory, data]) await mkdir(String(path));
  await writeFile(join(String(first), "tool"), "", { mode: 0o755 });
  await writeFile(join(String(second), "tool"), "", { mode: 0o755 });
  await mkdir(join(String(directory), "tool"));
  await writeFile(join(String(data), "tool"), "", { mode: 0o644 });

  const PATH = ["", directory, second, "/nonexistent", data, first].join(delimiter);
  expect(await findOnPath("tool", { PATH })).toEqual([
    join(String(second), "tool"),
    join(String(first), "tool"),
  ]);
  expect(await findOnPath("tool", {})).toEqual([]);
  expect(await isExecutable(join(root, "nothing"))).toBe(false);
});
