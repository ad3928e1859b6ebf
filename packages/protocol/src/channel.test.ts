import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  channelProblem,
  isChannelToken,
  isPattern,
  MAX_CHANNEL_BYTES,
  MAX_CHANNEL_TOKENS,
  namespaceOf,
  patternProblem,
} from "./channel.ts";

// The grammar a second time, as PROTOCOL.md states it, to compare the scanner with.
const TOKEN = "[A-Za-z0-9_=@,;:-]+";
const CHANNEL = new RegExp(`^${TOKEN}(?:\\.${TOKEN}){0,7}$`);
const PATTERN = new RegExp(`^(?=[^.]+(?:\\.[^.]+){0,7}$)(?:(?:${TOKEN}|\\*)\\.)*(?:${TOKEN}|\\*|>)$`);

/** Texts near the grammar's edges: mostly legal pieces, with some that never are. */
const nearChannel = fc
  .array(
    fc.constantFrom("a", "Z9", "-", "_=@,;:", ".", ".", ".", "*", ">", "a*", ">b", " ", "é", "/", "\n", "\0"),
    { maxLength: 20 },
  )
  .map((pieces) => pieces.join(""));
const anyText = fc.oneof(
  nearChannel,
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.integer({ min: 190, max: 210 }).map((length) => "c".repeat(length)),
  fc.integer({ min: 1, max: 12 }).map((count) => Array<string>(count).fill("t").join(".")),
);

describe("channelProblem", () => {
  it("accepts exactly the channels of the grammar", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const legal = CHANNEL.test(text) && text.length <= MAX_CHANNEL_BYTES;
        expect(channelProblem(text) === undefined).toBe(legal);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["", "is empty"],
    [".", "has an empty token"],
    ["a.", "has an empty token"],
    [".a", "has an empty token"],
    ["a..b", "has an empty token"],
    ["a b", "holds a character outside"],
    ["chat/lobby", "holds a character outside"],
    ["caf\u00e9", "holds a character outside"],
    ["chat.lobby\n", "holds a character outside"],
    ["chat.*", "holds a wildcard where one channel is wanted"],
    [">", "holds a wildcard where one channel is wanted"],
    ["c".repeat(MAX_CHANNEL_BYTES + 1), `is longer than ${MAX_CHANNEL_BYTES} bytes`],
    ["a.a.a.a.a.a.a.a.a", `has more than ${MAX_CHANNEL_TOKENS} tokens`],
  ])("refuses %j: it %s", (text, problem) => {
    expect(channelProblem(text)).toContain(problem);
  });

  it("allows the longest and the deepest channel", () => {
    expect(channelProblem("c".repeat(MAX_CHANNEL_BYTES))).toBeUndefined();
    expect(channelProblem("a.a.a.a.a.a.a.a")).toBeUndefined();
  });
});

describe("patternProblem", () => {
  it("accepts exactly the patterns of the grammar", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const legal = PATTERN.test(text) && text.length <= MAX_CHANNEL_BYTES;
        expect(patternProblem(text) === undefined).toBe(legal);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["a.>.b", "holds '>' before the last token"],
    ["a*", "holds a wildcard inside a token"],
    ["*a", "holds a wildcard inside a token"],
    ["a.b>", "holds a wildcard inside a token"],
    ["**", "holds a wildcard inside a token"],
    ["*.", "has an empty token"],
  ])("refuses %j: it %s", (text, problem) => {
    expect(patternProblem(text)).toContain(problem);
  });

  it("accepts every channel", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(channelProblem(text) === undefined);
        expect(patternProblem(text)).toBeUndefined();
      }),
    );
  });
});

describe("isChannelToken", () => {
  it("holds for exactly the texts that are a channel of one token, whatever their length", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(isChannelToken(text)).toBe(/^[A-Za-z0-9_=@,;:-]+$/.test(text) && !text.endsWith("\n"));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("isPattern", () => {
  it("tells patterns that name several channels from plain channels", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(patternProblem(text) === undefined);
        expect(isPattern(text)).toBe(channelProblem(text) !== undefined);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("namespaceOf", () => {
  it.each([
    ["chat", "chat"],
    ["chat.lobby", "chat"],
    ["chat.room.1", "chat"],
    ["chat.>", "chat"],
    ["*.lobby", "*"],
    [">", ">"],
  ])("of %j is %j", (channel, namespace) => {
    expect(namespaceOf(channel)).toBe(namespace);
  });
});
