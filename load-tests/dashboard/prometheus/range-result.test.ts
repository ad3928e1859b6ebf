import { expect, test } from "vitest";
import { parseRangeResult } from "./range-result.ts";

const answer = (result: unknown): string =>
  JSON.stringify({ status: "success", data: { resultType: "matrix", result } });

test("takes numbers out of texts, and leaves out what is none", () => {
  const values = [
    [1, "0.5"],
    [2, "NaN"],
    [3, "7"],
  ];
  expect(parseRangeResult(answer([{ metric: { code: "a" }, values }]))).toStrictEqual([
    {
      labels: { code: "a" },
      points: [
        [1, 0.5],
        [3, 7],
      ],
    },
  ]);
});

test("leaves out series without any number", () => {
  expect(parseRangeResult(answer([{ metric: {}, values: [[1, "NaN"]] }]))).toStrictEqual([]);
});

test("says what Prometheus says", () => {
  expect(() => parseRangeResult('{"status":"error","error":"parse error at char 4"}')).toThrow("at char 4");
});
