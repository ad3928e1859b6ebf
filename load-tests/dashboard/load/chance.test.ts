import { expect, test } from "vitest";
import { choose } from "./chance.ts";

test.each([
  [0, "often"],
  [0.74, "often"],
  [0.76, "seldom"],
  [0.999, "seldom"],
])("%d chooses what is %s", (random, choice) => {
  const choices = [
    [3, "often"],
    [1, "seldom"],
  ] as const;
  expect(choose(choices, random)).toBe(choice);
});
