import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LoadTestError } from "../../load-test-error.ts";
import { SmallDisk } from "./small-disk.ts";

test("a small disk is full when it is filled, has room when it is freed, and is gone when it is unmounted", async ({
  skip,
}) => {
  const disk = await SmallDisk.mount(4).catch((error: unknown) => {
    if (error instanceof LoadTestError && error.code === "tool_missing") {
      return skip(error.message);
    }
    throw error;
  });
  onTestFinished(() => disk.unmount());
  await writeFile(join(disk.path, "small"), "x".repeat(100));
  expect(await disk.fill()).toBeGreaterThan(3 * 2 ** 20);
  await expect(writeFile(join(disk.path, "more"), "x".repeat(10_000))).rejects.toThrow("ENOSPC");
  await disk.free();
  await writeFile(join(disk.path, "more"), "x".repeat(10_000));
  expect(await readdir(disk.path)).toEqual(expect.arrayContaining(["small", "more"]));
  await disk.unmount();
  await expect(readdir(disk.path)).rejects.toThrow();
});
