import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { readEnvironment } from "@tidegate/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAcceptedK6, locateK6, PINNED_K6, parseK6Version } from "./locate-k6.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidegate-k6-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A program that says what `k6 version` would. */
async function fakeK6(path: string, said: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${said}'\n`);
  await chmod(path, 0o755);
  return path;
}

function environment(path: string) {
  return { ...readEnvironment(), PATH: path, TIDEGATE_CACHE_DIR: join(directory, "cache") };
}

describe("locateK6", () => {
  const bin = (): string => join(directory, "bin");
  const cached = (): string =>
    join(directory, "cache", "k6", PINNED_K6, `${process.platform}-${process.arch}`, "k6");

  test("takes one from PATH that is new enough", async () => {
    const path = await fakeK6(join(bin(), "k6"), "k6 v1.7.0 (go1.26, linux/amd64)");
    expect(await locateK6({ env: environment(["/nowhere", bin()].join(delimiter)) })).toBe(path);
  });

  test("takes the one in the cache rather than one on PATH that is too old or too new", async () => {
    await fakeK6(join(bin(), "k6"), "k6 v0.57.0 (go1.23, linux/amd64)");
    const path = await fakeK6(cached(), "k6 v1.8.1");
    expect(await locateK6({ env: environment(bin()) })).toBe(path);
  });

  test("says what was wrong and what to do where there is none and no Go", async () => {
    await fakeK6(join(bin(), "k6"), "k6 v0.57.0 (go1.23, linux/amd64)");
    await expect(locateK6({ env: environment(bin()) })).rejects.toMatchObject({
      code: "tool_missing",
      message: expect.stringMatching(/put k6 1\.8\.1 on PATH.*version 0\.57\.0.*Go is not on PATH/s),
    });
  });

  test("says why Go could not build it", async () => {
    await fakeK6(join(bin(), "go"), "no network");
    await writeFile(join(bin(), "go"), "#!/bin/sh\necho no network >&2\nexit 1\n");
    await expect(locateK6({ env: environment(bin()) })).rejects.toMatchObject({
      code: "tool_missing",
      message: expect.stringContaining("no network"),
    });
  });
});

test.each([
  ["k6 v1.8.1 (go1.26.8, linux/amd64)\n", "1.8.1"],
  ["k6.exe v1.8.1 (commit/abc, go1.26, windows/amd64)", "1.8.1"],
  ["k6 v1.8.1 (go1.26.8, linux/amd64)\nExtensions:\n  x v0.1.0", "1.8.1"],
  ["command not found", undefined],
])("parseK6Version(%j)", (said, version) => {
  expect(parseK6Version(said)).toBe(version);
});

test.each([
  ["1.8.1", true],
  ["1.6.0", true],
  ["1.5.9", false],
  ["0.57.0", false],
  ["2.0.0", false],
])("isAcceptedK6(%j)", (version, accepted) => {
  expect(isAcceptedK6(version)).toBe(accepted);
});
