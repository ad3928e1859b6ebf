import { expect, test } from "vitest";
import { describeError } from "./describe-error.ts";
import { TestkitError } from "./testkit-error.ts";

test("the causes are joined in", () => {
  const error = new Error("fetch failed", { cause: new Error("connect", { cause: "refused" }) });
  expect(describeError(error)).toBe("fetch failed: connect: refused");
});

test("anything can be thrown", () => {
  expect(describeError("text")).toBe("text");
  expect(describeError(null)).toBe("null");
  expect(describeError(new RangeError())).toBe("RangeError");
});

test("a circle of causes ends", () => {
  const error = new Error("round");
  error.cause = error;
  expect(describeError(error)).toBe("round: round: round: round");
});

test("an error of the testkit starts with its code, and its causes are not repeated", () => {
  const error = new TestkitError("timeout", "waited", { cause: new Error("in vain") });
  expect(describeError(new Error("failed", { cause: error }))).toBe("failed: timeout: waited");
  expect(error.name).toBe("TestkitError");
});
