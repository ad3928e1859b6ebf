import { describe, expect, test } from "vitest";
import { bareClient, gatewayClient } from "../client-plan.ts";
import { planText } from "./plan-text.ts";

describe("planText", () => {
  test("puts path, headers and messages of each client on lines", () => {
    const gateway = gatewayClient("t", "a.b");
    expect(planText([bareClient("/?own=1"), gateway])).toBe(
      `/?own=1\n\n/v1/ws\n${gateway.headers[0]}\n> ${gateway.messages[0]}`,
    );
  });

  test.each([
    ["a line break in a message", { ...bareClient("/"), messages: ["a\nb"] }],
    ["a line break in a header", { ...bareClient("/"), headers: ["A: b\r"] }],
    ["an empty path", bareClient("")],
    ["a header that looks like a message", { ...bareClient("/"), headers: ["> x"] }],
  ])("refuses %s", (_, plan) => {
    expect(() => planText([plan])).toThrow(TypeError);
  });
});
