import { describe, expect, it } from "vitest";
import { readChannels, readChoice, readInteger } from "./query.ts";

const POLICIES = { isReplayable: (channel: string) => channel.startsWith("r") };

function channels(query: string, max = 3): unknown {
  const result = readChannels(new URLSearchParams(query), max, POLICIES);
  return result.ok ? result.value : result.problem.code;
}

describe("readChannels", () => {
  it.each<[string, unknown]>([
    ["channels=a", ["a"]],
    ["channels=a,b,a,", ["a", "b"]],
    ["channels=a&channels=b", ["a", "b"]],
    ["channels=a.*,b.%3E", ["a.*", "b.>"]],
    ["", "invalid_field"],
    ["channels=,", "invalid_field"],
    ["channels=a,b,c,d", "invalid_field"],
    ["channels=a b", "channel_invalid"],
    ["channels=*", ["*"]],
  ])("reads %j as %j", (query, expected) => {
    expect(channels(query)).toStrictEqual(expected);
  });

  it("takes replayable channels of no more namespaces than a cursor can name", () => {
    const named = (count: number): string =>
      `channels=${Array.from({ length: count }, (_, index) => `r${index}.a,r${index}.b,live${index}`).join()}`;
    expect(channels(named(6), 100)).toHaveLength(18);
    expect(channels(named(7), 100)).toBe("invalid_field");
  });
});

describe("readInteger", () => {
  const bounds = { min: 0, max: 60_000, fallback: 25_000 };
  it.each<[string, number | undefined]>([
    ["", 25_000],
    ["n=0", 0],
    ["n=60000", 60_000],
    ["n=60001", undefined],
    ["n=-1", undefined],
    ["n=1.5", undefined],
    ["n=1e3", undefined],
    ["n=", undefined],
    ["n=0x10", undefined],
    ["n=99999999999999999999", undefined],
  ])("reads %j as %j", (query, expected) => {
    const result = readInteger(new URLSearchParams(query), "n", bounds);
    expect(result.ok ? result.value : undefined).toBe(expected);
  });
});

describe("readChoice", () => {
  it("knows the words, and what is meant without any", () => {
    const read = (query: string): unknown => {
      const result = readChoice(new URLSearchParams(query), "f", ["raw", "json"]);
      return result.ok ? result.value : result.problem.detail;
    };
    expect([read(""), read("f=json"), read("f=RAW")]).toStrictEqual([
      "raw",
      "json",
      '"f" must be raw or json',
    ]);
  });
});
