import { expect, test } from "vitest";
import { parseCpuList } from "./cpu-pinning.ts";

test.each([
  ["0", [0]],
  ["0-1", [0, 1]],
  ["0-2,5,8-9", [0, 1, 2, 5, 8, 9]],
  ["", []],
  ["all", []],
  ["1-", []],
])("reads the list of cores %j as %j", (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus);
});
