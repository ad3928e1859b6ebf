import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerQuestion, type BotContext } from "./bot.ts";

const noon = new Date("2026-03-03T12:00:05Z");

function context(overrides: Partial<BotContext> = {}): BotContext {
  return { user: "ada", now: noon, random: () => 0.5, ...overrides };
}

describe("the bot", () => {
  test.each([
    ["", /Try: time/],
    ["help", /Try: time/],
    ["what can you do?", /Try: time/],
    ["Hello there", /^Ahoy, ada!/],
    ["  HI  ", /^Ahoy, ada!/],
    ["what time is it?", /^It is 12:00:05 UTC\.$/],
    ["which day is it today?", /^Today is Tuesday,? 3 March 2026\.$/],
    ["who are you?", /rpc\.demo\.bot/],
    ["how does this work?", /rt\.chat\.lobby/],
    ["ping", /^pong$/],
    ["thank you", /twice a day/],
    ["bye", /^Fair winds, ada!$/],
    ["gibberish", /no rule/],
  ])("answers %j", (question, answer) => {
    expect(answerQuestion(question, context())).toMatch(answer);
  });

  test("greets an anonymous visitor without a name", () => {
    expect(answerQuestion("hello", context({ user: undefined }))).toMatch(/^Ahoy! /);
  });

  test("rolls one die by default, and the dice that are asked for", () => {
    expect(answerQuestion("roll", context({ random: () => 0.999 }))).toBe("You rolled 6.");
    expect(answerQuestion("roll a 20", context({ random: () => 0 }))).toBe("You rolled 1.");
    expect(answerQuestion("please roll 2d6", context())).toBe("You rolled 4 + 4 = 8.");
    expect(answerQuestion("roll d8", context({ random: () => 0.999 }))).toBe("You rolled 8.");
  });

  test.each(["roll 0d6", "roll 21d6", "roll 1d1", "roll 1d1001", "roll 99999999999999999999d6"])(
    "refuses %j",
    (question) => {
      expect(answerQuestion(question, context())).toMatch(/^My cup holds/);
    },
  );

  test("flips a coin both ways", () => {
    expect(answerQuestion("flip a coin", context({ random: () => 0 }))).toBe("Heads.");
    expect(answerQuestion("flip a coin", context({ random: () => 0.9 }))).toBe("Tails.");
  });

  test("tells the tide from the clock", () => {
    const hours = (count: number) => context({ now: new Date(count * 3_600_000) });
    expect(answerQuestion("tide", hours(0))).toMatch(/^High water/);
    expect(answerQuestion("tide", hours(3))).toBe("The tide is going out.");
    expect(answerQuestion("tide", hours(6.2))).toMatch(/^Low water/);
    expect(answerQuestion("tide", hours(9))).toBe("The tide is coming in.");
  });

  test("gives the same question the same answer, and different ones different answers", () => {
    const questions = Array.from({ length: 40 }, (_, index) => `shall I sail number ${index}?`);
    const answers = questions.map((question) => answerQuestion(question, context()));
    expect(questions.map((question) => answerQuestion(question, context()))).toEqual(answers);
    expect(new Set(answers).size).toBeGreaterThan(4);
  });

  test("always has a short answer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (question) => {
        const answer = answerQuestion(question, context());
        expect(answer.length).toBeGreaterThan(0);
        expect(answer.length).toBeLessThan(300);
      }),
    );
  });
});
