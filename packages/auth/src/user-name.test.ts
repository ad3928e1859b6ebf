import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_USER_BYTES, userNameProblem } from "./user-name.ts";

/** Any UTF-16 at all, halves of surrogate pairs included. */
const utf16 = fc
  .array(fc.oneof(fc.integer({ max: 0x7f, min: 0 }), fc.integer({ max: 0xffff, min: 0 })), { maxLength: 140 })
  .map((units) => String.fromCharCode(...units));

describe("userNameProblem", () => {
  it.each([
    ["alice"],
    ["auth0|5f7c8ec7c33c6c004bbafe82"],
    ["a@b.example"],
    ["Zoë 山"],
    ["x".repeat(128)],
    ["é".repeat(64)],
  ])("finds nothing wrong with %j", (name) => {
    expect(userNameProblem(name)).toBeUndefined();
  });

  it.each([
    ["no claim", undefined, "is missing"],
    ["null", null, "must be a string"],
    ["a number", 7, "must be a string"],
    ["a list", ["alice"], "must be a string"],
    ["an empty string", "", "is empty"],
    ["129 bytes", "x".repeat(129), "is longer"],
    ["129 bytes in 65 characters", `${"é".repeat(64)}x`, "is longer"],
    ["a line feed", "a\nb", "control"],
    ["a carriage return", "a\rNats-Sequence: 1", "control"],
    ["a NUL", "a\0b", "control"],
    ["DEL", "a\x7fb", "control"],
    ["a C1 control", "a\x85b", "control"],
    ["a line separator", "a\u2028b", "control"],
    ["half a surrogate pair", "a\ud800b", "control"],
    ["a leading space", " alice", "white space"],
    ["a trailing tab-like space", "alice\u00a0", "white space"],
    ["only a space", " ", "white space"],
  ])("refuses %s", (_name, value, problem) => {
    expect(userNameProblem(value)).toContain(problem);
  });

  it("accepts no name that would not survive a header line unchanged", () => {
    fc.assert(
      fc.property(utf16, (name) => {
        if (userNameProblem(name) === undefined) {
          const line = Buffer.from(`Tidegate-User: ${name}\r\n`).toString("utf8");
          expect(line.split(/\r|\n/)[0]?.slice("Tidegate-User:".length).trim()).toBe(name);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_USER_BYTES);
        }
      }),
    );
  });
});
