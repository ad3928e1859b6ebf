import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listPageFiles } from "./page-files.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tidegate-page-"));
  await writeFile(join(directory, "index.html"), "<p>first</p>");
});

afterEach(() => rm(directory, { recursive: true }));

test("serves the index under two addresses, and what was edited since", async () => {
  const files = listPageFiles(directory);
  await writeFile(join(directory, "index.html"), "<p>second</p>");
  expect(files.get("/")?.read().toString()).toBe("<p>second</p>");
  expect(files.get("/index.html")?.type).toBe("text/html; charset=utf-8");
});

test("lists neither hidden files nor directories", async () => {
  await writeFile(join(directory, ".env"), "SECRET=1");
  await mkdir(join(directory, "inner.html"));
  expect([...listPageFiles(directory).keys()].sort()).toEqual(["/", "/index.html"]);
});

test("refuses a file whose type it does not know", async () => {
  await writeFile(join(directory, "data.bin"), "");
  expect(() => listPageFiles(directory)).toThrow(/data\.bin/);
});
