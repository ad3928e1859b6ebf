import { expect, test } from "vitest";
import { timeTicks, valueAxis } from "./axis.ts";

const texts = (unit: string, most: number): string =>
  valueAxis(unit, most)
    .ticks.map(({ text }) => text)
    .join(" | ");

test.each([
  ["short", 0, "0 | 0.25 | 0.5 | 0.75 | 1"],
  ["short", 3700, "0 K | 1 K | 2 K | 3 K | 4 K"],
  ["ops", 1.3, "0 ops/s | 0.5 ops/s | 1 ops/s | 1.5 ops/s"],
  ["bytes", 3 * 2 ** 20, "0 MiB | 1 MiB | 2 MiB | 3 MiB"],
  ["Bps", 900_000, "0 kB/s | 250 kB/s | 500 kB/s | 750 kB/s | 1000 kB/s"],
  ["s", 0.0042, "0 ms | 2 ms | 4 ms | 6 ms"],
  ["s", 300, "0 min | 2 min | 4 min | 6 min"],
  ["percentunit", 0.04, "0% | 1% | 2% | 3% | 4%"],
])("%s up to %d", (unit, most, expected) => {
  expect(texts(unit, most)).toBe(expected);
});

test("an axis reaches above what is on it, in the unit of the figures", () => {
  expect(valueAxis("bytes", 3.5 * 2 ** 20).end).toBe(4 * 2 ** 20);
});

test("marks of time are round, and not too many", () => {
  const from = Date.UTC(2026, 0, 1, 12, 0, 7) / 1000;
  expect(timeTicks(from, from + 300).map(({ text }) => text)).toStrictEqual([
    ...["12:01", "12:02", "12:03", "12:04", "12:05"],
  ]);
});
