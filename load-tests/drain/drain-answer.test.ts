import { describe, expect, test } from "vitest";
import { parseDrainAnswer } from "./drain-answer.ts";

describe("parseDrainAnswer", () => {
  test("takes what the program says", () => {
    expect(parseDrainAnswer('{"type":"closed","connections":3}')).toEqual({ type: "closed", connections: 3 });
    expect(parseDrainAnswer('{"type":"failed","reason":"no"}')).toEqual({ type: "failed", reason: "no" });
  });

  test.each([
    "",
    "{}",
    "null",
    "7",
    "drain: out of memory",
    '{"type":"report"}',
    '{"type":"toString"}',
    '{"type":"closed","connections":"3"}',
  ])("does not take %j", (line) => {
    expect(parseDrainAnswer(line)).toBeUndefined();
  });
});
