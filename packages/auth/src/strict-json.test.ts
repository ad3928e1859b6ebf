import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberOf, parseStrictObject } from "./strict-json.ts";
import { segment } from "./tokens.fixture.ts";

describe("parseStrictObject", () => {
  it("parses what JSON.stringify writes, whatever the object", () => {
    const json = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (object) => {
        const text = JSON.stringify(object);
        expect(parseStrictObject(segment(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses an object with any of its members written twice", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 });
    fc.assert(
      fc.property(object, fc.nat(), (members, pick) => {
        const names = Object.keys(members);
        const twice = JSON.stringify(names[pick % names.length]);
        const text = `${JSON.stringify(members).slice(0, -1)},${twice}:0}`;
        expect(parseStrictObject(segment(text))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["a repeated name", '{"sub":"a","sub":"b"}'],
    ["a repeated name with the same value", '{"sub":"a","sub":"a"}'],
    ["a repeated name written with an escape", '{"sub":"a","s\\u0075b":"b"}'],
    ["a repeated name further in", '{"a":[{"b":1,"b":2}]}'],
    ["a repeated name that takes nested members with it", '{"a":{"b":1},"a":2}'],
    ["a repeated __proto__", '{"__proto__":1,"__proto__":2}'],
    ["an array", '["a"]'],
    ["a string", '"a"'],
    ["null", "null"],
    ["nothing", ""],
    ["two values", "{}{}"],
    ["a trailing comma", '{"a":1,}'],
    ["a comment", '{"a":1/**/}'],
    ["a byte order mark", "\ufeff{}"],
    ["a raw control character", '{"a":"\n"}'],
  ])("refuses %s", (_name, text) => {
    expect(parseStrictObject(segment(text))).toBeUndefined();
  });

  it("refuses malformed UTF-8", () => {
    const bytes = Buffer.from('{"sub":"aXb"}');
    bytes[bytes.indexOf("X")] = 0xff;
    expect(parseStrictObject(bytes.toString("base64url"))).toBeUndefined();
  });

  it("takes colons, brackets and quotes inside strings for text", () => {
    const object = { "a:b": ':"{[\\', '{"': ["}:", '\\"'] };
    expect(parseStrictObject(segment(object))).toEqual(object);
  });

  it("accepts nesting to 32 levels and refuses more, however much", () => {
    const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    expect(parseStrictObject(segment(nested(32)))).toBeDefined();
    expect(parseStrictObject(segment(nested(33)))).toBeUndefined();
    expect(parseStrictObject(segment(nested(20_000)))).toBeUndefined();
  });
});

describe("memberOf", () => {
  it("sees own members only", () => {
    expect(memberOf({ a: 1 }, "a")).toBe(1);
    expect(memberOf({ a: 1 }, "constructor")).toBeUndefined();
    expect(memberOf({ a: 1 }, "__proto__")).toBeUndefined();
  });
});
