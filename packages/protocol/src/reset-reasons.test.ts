import { describe, expect, it } from "vitest";
import { RESET_REASONS } from "./reset-reasons.ts";

describe("RESET_REASONS", () => {
  it("has names that serve as metric labels", () => {
    for (const name of Object.keys(RESET_REASONS)) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    }
  });

  it("tells a person what happened, in one line of a table", () => {
    for (const [name, meaning] of Object.entries(RESET_REASONS)) {
      expect(meaning, name).toMatch(/^\S[^\n|]+[.]$/);
    }
  });
});
