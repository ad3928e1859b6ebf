import { describe, expect, it } from "vitest";
import { CLOSE_CODES, type CloseName, MAX_CLOSE_REASON_BYTES, shouldReconnect } from "./close-codes.ts";

const ENTRIES = Object.entries(CLOSE_CODES) as readonly (readonly [
  CloseName,
  (typeof CLOSE_CODES)[CloseName],
])[];

/** Closes after which the same client, with the same address and token, would only be closed again. */
const FINAL: readonly CloseName[] = [
  "connect_required",
  "token_missing",
  "token_invalid",
  "forbidden",
  "origin_denied",
  "frame_too_large",
  "unauthenticated_limit",
  "request_invalid",
  "receive_only",
  "reset",
];

describe("CLOSE_CODES", () => {
  it("gives each name a number of its own", () => {
    expect(new Set(ENTRIES.map(([, entry]) => entry.code)).size).toBe(ENTRIES.length);
  });

  it("stays within the range that RFC 6455 leaves to applications", () => {
    for (const [name, { code }] of ENTRIES) {
      expect(code >= 4000 && code <= 4999, name).toBe(true);
    }
  });

  it("puts each code into the range that says whether to reconnect", () => {
    for (const [name, { code }] of ENTRIES) {
      expect(shouldReconnect(code), name).toBe(!FINAL.includes(name));
    }
  });

  it("has names that serve as metric labels and fit a close reason", () => {
    for (const [name] of ENTRIES) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(Buffer.byteLength(name)).toBeLessThan(MAX_CLOSE_REASON_BYTES);
    }
  });
});

describe("shouldReconnect", () => {
  it.each([
    [1000, false],
    [1001, true],
    [1005, true],
    [1006, true],
    [1009, true],
    [1011, true],
    [1012, true],
    [3000, true],
    [3499, true],
    [3500, false],
    [3999, false],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
  ])("answers %i with %s, known code or not", (code, expected) => {
    expect(shouldReconnect(code)).toBe(expected);
  });
});
