import { expect, it } from "vitest";
import { Silence } from "./silence.ts";

it("is too long from its limit on, counted from the last sign of life", () => {
  const clock = { now: 1_000 };
  const silence = new Silence(300, () => clock.now);
  clock.now += 299;
  expect(silence.isTooLong).toBe(false);
  silence.heard();
  clock.now += 299;
  expect(silence.isTooLong).toBe(false);
  clock.now += 1;
  expect(silence.isTooLong).toBe(true);
  silence.heard();
  expect(silence.isTooLong).toBe(false);
});
