import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

const ENTRIES = Object.entries(ERROR_CODES) as readonly (readonly [
  ErrorCode,
  (typeof ERROR_CODES)[ErrorCode],
])[];

describe("ERROR_CODES", () => {
  it("has names that serve as metric labels", () => {
    for (const [name] of ENTRIES) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    }
  });

  it("gives each code an HTTP error status", () => {
    for (const [name, { status }] of ENTRIES) {
      expect(Number.isInteger(status) && status >= 400 && status <= 599, name).toBe(true);
    }
  });

  it("calls retryable only what HTTP also calls temporary: 429 and 5xx", () => {
    for (const [name, { status, retryable }] of ENTRIES) {
      expect(!retryable || status === 429 || status >= 500, name).toBe(true);
    }
  });

  it("tells a person what happened", () => {
    for (const [name, { meaning }] of ENTRIES) {
      expect(meaning, name).toMatch(/^\S.+[.]$/s);
    }
  });
});
