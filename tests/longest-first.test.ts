import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { LONGEST } from "./longest-first.ts";

it("names only files that are there", () => {
  const root = new URL("../", import.meta.url);
  expect(LONGEST.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
});
