import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { topLevelValue } from "./top-level-value.ts";

const whitespace = fc
  .array(fc.constantFrom(" ", "\t", "\n", "\r"), { maxLength: 3 })
  .map((pieces) => pieces.join(""));

/** A key as JSON text, each character written plainly or as an escape. */
function writtenKey(key: string, escapes: readonly boolean[]): string {
  const units = Array.from({ length: key.length }, (_, index) => key.charCodeAt(index));
  const body = units.map((unit, index) =>
    escapes[index % escapes.length] === true
      ? `\\u${unit.toString(16).padStart(4, "0")}`
      : JSON.stringify(String.fromCharCode(unit)).slice(1, -1),
  );
  return `"${body.join("")}"`;
}

const key = fc.oneof(
  fc.constantFrom(
    "data",
    "id",
    "type",
    "",
    "__proto__",
    "constructor",
    'a"b',
    "a\\",
    "{",
    "}",
    ",",
    ":",
    "\u2028",
  ),
  fc.string({ maxLength: 4 }),
);

/** JSON text of a value, with the spacing a person might use and what JSON.stringify would change. */
const valueText = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.jsonValue().map((value) => JSON.stringify(value, undefined, "\t")),
  fc.constantFrom(
    "12345678901234567890",
    "1.0",
    "-0",
    "1E400",
    '{"a":1,"a":2}',
    '"\\u0041\\/"',
    '"}"',
    '"\\""',
    '"\\\\"',
    '[{"data":[]},"]",{}]',
    "[ ]",
    '{"data":{"data":1}}',
  ),
);

const member = fc.record({
  key,
  value: valueText,
  escapes: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
  spaces: fc.tuple(whitespace, whitespace, whitespace, whitespace),
});

describe("topLevelValue", () => {
  it("gives the text of the member that JSON.parse would give the value of", () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 6 }),
        key,
        whitespace,
        whitespace,
        (members, absent, before, after) => {
          const inner = members.map(
            ({ key: name, value, escapes, spaces: [a, b, c, d] }) =>
              `${a}${writtenKey(name, escapes)}${b}:${c}${value}${d}`,
          );
          const text = `${before}{${inner.join(",")}${members.length === 0 ? before : ""}}${after}`;
          const parsed = JSON.parse(text) as object;
          for (const name of [absent, ...members.map((item) => item.key)]) {
            const found = topLevelValue(text, name);
            expect(found).toBe(members.findLast((item) => item.key === name)?.value);
            expect(found !== undefined).toBe(Object.hasOwn(parsed, name));
            if (found !== undefined) {
              expect(JSON.parse(found)).toStrictEqual(Object.getOwnPropertyDescriptor(parsed, name)?.value);
            }
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ['{"data":1}', "1"],
    ['{"data":12345678901234567890}', "12345678901234567890"],
    ['{"data":{"n": 1.0},"id":2}', '{"n": 1.0}'],
    ['{"a":{"data":1}}', undefined],
    ['{"a":"data","b":[{"data":1}]}', undefined],
    ['{"data":1,"data":2}', "2"],
    ['{"\\u0064ata":true}', "true"],
    ['{"x":"}\\",","data":[1,{"a":"]"}] }', '[1,{"a":"]"}]'],
    ["{}", undefined],
    [" \n{ } ", undefined],
  ])("of %s is %s", (text, expected) => {
    expect(topLevelValue(text, "data")).toBe(expected);
  });
});
