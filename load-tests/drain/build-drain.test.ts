import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildDrain } from "./build-drain.ts";

test("says what to install where there is no compiler", async () => {
  const cache = await mkdtemp(join(tmpdir(), "tidegate-no-compiler-"));
  try {
    await expect(buildDrain({ env: { PATH: cache, TIDEGATE_CACHE_DIR: cache } })).rejects.toMatchObject({
      code: "tool_missing",
      message: expect.stringMatching(process.platform === "linux" ? /cc on PATH/ : /epoll/),
    });
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
});
