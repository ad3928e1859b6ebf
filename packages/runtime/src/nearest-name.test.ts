import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, nearestName } from "./nearest-name.ts";

const CANDIDATES = ["frameBytes", "outboxBytes", "connections", "ttl"];

describe("nearestName", () => {
  test.each([
    ["frameByte", "frameBytes"],
    ["framebytes", "frameBytes"],
    ["frame_bytes", "frameBytes"],
    ["frmaeBytes", "frameBytes"],
    ["conections", "connections"],
    ["tll", "ttl"],
  ])("takes %s for %s", (written, meant) => {
    expect(nearestName(written, CANDIDATES)).toBe(meant);
  });

  test.each([["colour"], ["x"], [""], ["framesPerSecondAndConnection"]])(
    "has no idea what %j means",
    (written) => {
      expect(nearestName(written, CANDIDATES)).toBeUndefined();
    },
  );

  test("takes the first of equally near names", () => {
    expect(nearestName("cat", ["bat", "rat"])).toBe("bat");
    expect(nearestName("cat", ["rat", "bat"])).toBe("rat");
  });

  test("finds every name after one edit", () => {
    const name = fc.stringMatching(/^[a-z]{3,12}$/);
    fc.assert(
      fc.property(name, fc.nat(11), fc.constantFrom("drop", "double", "swap", "change"), (word, at, edit) => {
        expect(nearestName(edited(word, at % word.length, edit), [word])).toBe(word);
      }),
    );
  });
});

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["abc", "", 3],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["abcd", "acbd", 1],
  ])("from %j to %j is %i", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  test("is the same in both directions, zero only for equal texts, and at most the longer length", () => {
    const word = fc.stringMatching(/^[abc]{0,8}$/);
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = editDistance(left, right);
        expect(distance).toBe(editDistance(right, left));
        expect(distance === 0).toBe(left === right);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
  });
});

function edited(word: string, at: number, edit: "drop" | "double" | "swap" | "change"): string {
  const [before, letter, after] = [word.slice(0, at), word.charAt(at), word.slice(at + 1)];
  switch (edit) {
    case "drop":
      return before + after;
    case "double":
      return before + letter + letter + after;
    case "swap":
      return before + after.charAt(0) + letter + after.slice(1);
    case "change":
      return `${before}0${after}`;
  }
}
