import { describe, expect, it } from "vitest";
import { chooseSubprotocol } from "./subprotocol.ts";

describe("chooseSubprotocol", () => {
  it.each([
    ["", ""],
    ["tidegate.v1", "tidegate.v1"],
    ["bearer.abc, tidegate.v1", "tidegate.v1"],
    ["mqtt, tidegate.v1 , bearer.abc", "tidegate.v1"],
    ["mqtt", undefined],
    ["bearer.abc", undefined],
    ["tidegate.v2", undefined],
    ["TIDEGATE.V1", undefined],
  ])("answers %j with %j", (header, expected) => {
    expect(chooseSubprotocol(header)).toBe(expected);
  });
});
