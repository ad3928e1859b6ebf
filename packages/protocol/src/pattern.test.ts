import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { channelProblem, patternProblem } from "./channel.ts";
import { covers } from "./pattern.ts";

/** Longest target below; channels one token longer tell a final `>` from any number of `*`. */
const MAX_DEPTH = 3;
const ALPHABET = ["a", "b", "c"];

/** Every channel over the alphabet of 1 to MAX_DEPTH + 1 tokens. */
const ALL_CHANNELS: readonly (readonly string[])[] = (() => {
  const all: string[][] = [];
  let level: string[][] = [[]];
  for (let depth = 1; depth <= MAX_DEPTH + 1; depth += 1) {
    level = level.flatMap((channel) => ALPHABET.map((token) => [...channel, token]));
    all.push(...level);
  }
  return all;
})();

/** Whether one channel matches, by NATS's rule, written as a regular expression. */
function names(pattern: readonly string[], channel: readonly string[]): boolean {
  const source = pattern.map((token) => (token === "*" ? "[^.]+" : token === ">" ? ".+" : token)).join("\\.");
  return new RegExp(`^${source}$`).test(channel.join("."));
}

// Patterns use two of the three letters, so that a literal never covers a `*` by exhausting the alphabet.
const pattern = fc
  .tuple(
    fc.array(fc.constantFrom("a", "b", "*"), { maxLength: MAX_DEPTH - 1 }),
    fc.constantFrom("a", "b", "*", ">"),
  )
  .map(([head, last]) => [...head, last]);

describe("covers", () => {
  it("holds if and only if every channel that the target names is named by the pattern", () => {
    fc.assert(
      fc.property(pattern, pattern, (wanted, target) => {
        const reference = ALL_CHANNELS.every((channel) => !names(target, channel) || names(wanted, channel));
        expect(covers(wanted, target)).toBe(reference);
      }),
      { numRuns: 3_000 },
    );
  });

  it("is reflexive and transitive", () => {
    fc.assert(
      fc.property(pattern, pattern, pattern, (first, second, third) => {
        expect(covers(first, first)).toBe(true);
        if (covers(first, second) && covers(second, third)) {
          expect(covers(first, third)).toBe(true);
        }
      }),
    );
  });

  it("is tested with well-formed patterns and channels", () => {
    for (const channel of ALL_CHANNELS) {
      expect(channelProblem(channel.join("."))).toBeUndefined();
    }
    fc.assert(fc.property(pattern, (tokens) => patternProblem(tokens.join(".")) === undefined));
  });

  it.each([
    ["chat.lobby", "chat.lobby", true],
    ["chat.*", "chat.lobby", true],
    ["chat.>", "chat.lobby.door", true],
    ["chat.>", "chat.*", true],
    ["chat.>", "chat.*.>", true],
    ["*.lobby", "chat.lobby", true],
    [">", "chat", true],
    ["chat.>", "chat", false],
    ["chat.*", "chat.>", false],
    ["chat.*", "chat.lobby.door", false],
    ["chat.lobby", "chat.*", false],
    ["chat.lobby", "chat", false],
    ["*", ">", false],
    ["chat.*.door", "chat.>", false],
  ])("%s over %s: %s", (wanted, target, expected) => {
    expect(covers(wanted.split("."), target.split("."))).toBe(expected);
  });
});
