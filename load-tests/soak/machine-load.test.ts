import { describe, expect, test } from "vitest";
import { parseBusySeconds } from "./machine-load.ts";

describe("parseBusySeconds", () => {
  test("adds up what ran, without idle time and what other machines took", () => {
    expect(parseBusySeconds("cpu  100 20 300 9999 8888 40 50 77 0 0\ncpu0 1 1 1 1\n")).toBe(5.1);
  });

  test("is no number elsewhere", () => {
    expect(parseBusySeconds("")).toBeNaN();
  });
});
