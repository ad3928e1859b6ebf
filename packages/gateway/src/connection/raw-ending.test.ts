import { ERROR_CODES, type ErrorCode } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { errorAnswer } from "../handlers/session.ts";
import { rawEnding } from "./raw-ending.ts";

describe("rawEnding", () => {
  it.each([
    ["forbidden", "forbidden"],
    ["broker_unavailable", "broker_unavailable"],
    ["internal_error", "internal_error"],
    ["channel_invalid", "request_invalid"],
    ["subscription_limit", "request_invalid"],
  ] as const)("tells of %s by %s", (code, name) => {
    expect(rawEnding(errorAnswer(undefined, code, "why"))).toStrictEqual({ name, reason: "why" });
  });

  it("has a close for every error", () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      expect(rawEnding(errorAnswer(undefined, code, "why")).name).toMatch(/^[a-z_]+$/);
    }
  });
});
