import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { makeOnce } from "./make-once.ts";

let target: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  target = join(directory, "not", "there", "made");
});

test("makes a file once, however many ask, and leaves nothing else", async () => {
  let count = 0;
  const make = async (staging: string) => {
    count += 1;
    const path = join(staging, "draft");
    await writeFile(path, `made ${count}`);
    return path;
  };
  const asked = Array.from({ length: 5 }, () => makeOnce(target, {}, make));
  expect(await Promise.all(asked)).toEqual(asked.map(() => target));
  expect(await makeOnce(target, {}, make)).toBe(target);
  expect(await readFile(target, "utf8")).toBe("made 1");
  expect(await readdir(dirname(target))).toEqual(["made"]);
});

test("makes a folder, even the staging directory as a whole", async () => {
  await makeOnce(target, {}, async (staging) => {
    await mkdir(join(staging, "inside"));
    return staging;
  });
  expect(await readdir(target)).toEqual(["inside"]);
});

test("throws what making it throws, and makes it the next time", async () => {
  const failure = new Error("the disk is full");
  await expect(makeOnce(target, {}, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await readdir(dirname(target))).toEqual([]);
  const made = makeOnce(target, {}, async (staging) => {
    await writeFile(join(staging, "draft"), "");
    return join(staging, "draft");
  });
  expect(await made).toBe(target);
});
