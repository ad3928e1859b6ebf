import { describe, expect, it } from "vitest";
import { type Field, fields, optional } from "./field.ts";

const numbers = [0, 1, 5, 2 ** 53 - 1, 2 ** 53, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY];
const others = [undefined, null, "", "text", true, false, [], ["a"], {}, { a: 1 }, 1n];

type Kind = keyof typeof fields;

const CASES: { readonly [K in Kind]: { readonly yes: readonly unknown[]; readonly no: readonly unknown[] } } =
  {
    id: { yes: [1, 5, 2 ** 53 - 1], no: [0, -1, 0.5, 2 ** 53, Number.NaN, "1", ...others] },
    channel: {
      yes: ["", "chat.lobby", "c".repeat(800)],
      no: ["c".repeat(801), 1, null, undefined, ["a"], {}],
    },
    channels: {
      yes: [[], ["a"], Array<string>(1_000).fill("a")],
      no: [
        Array<string>(1_001).fill("a"),
        [1],
        [null],
        ["a", undefined],
        ["c".repeat(801)],
        "a",
        { 0: "a", length: 1 },
      ],
    },
    cursor: {
      yes: ["", "k3j9x0ab-2s", "c".repeat(128)],
      no: ["c".repeat(129), 1, null, undefined, ["a"], {}],
    },
    limit: { yes: [1, 100, 1_000], no: [0, -1, 0.5, 1_001, "1", Number.NaN, ...others] },
    token: { yes: ["", "t", "t".repeat(16_384)], no: ["t".repeat(16_385), 1, null, undefined, {}, []] },
    name: {
      yes: ["said", "n".repeat(128), "caf\u00e9", "two words"],
      no: ["", "n".repeat(129), "a\nb", "a\rb", "\0", "\u007f", "\u0085", 1, null, undefined, []],
    },
    event: {
      yes: ["said", "n".repeat(128), "tidegate", "Tidegate.x"],
      no: ["tidegate.", "tidegate.reset", "", "n".repeat(129), "a\nb", "\0", 1, null, undefined, []],
    },
    text: { yes: ["", "a\nb"], no: [1, null, undefined, true, [], {}] },
    flag: { yes: [true, false], no: [0, 1, "true", null, undefined, [], {}] },
    count: { yes: [0, 1, 2 ** 53 - 1], no: [-1, 0.5, 2 ** 53, "0", ...others] },
    milliseconds: { yes: [0, 1, 2 ** 53 - 1], no: [-1, 0.5, 2 ** 53, "0", ...others] },
    encoding: { yes: ["text", "base64"], no: ["TEXT", "json", "", null, undefined, 1, ["text"]] },
    json: { yes: [null, ...numbers.slice(0, 4), "", "text", true, [], {}], no: [undefined] },
    records: { yes: [[], [{}], [{ a: 1 }, {}]], no: [[1], [null], [[]], [{}, "a"], {}, null, undefined, ""] },
    record: { yes: [{}, { a: 1 }], no: [null, undefined, [], "", 1, true] },
  };

const kinds = Object.keys(CASES) as readonly Kind[];

describe.each(kinds)("the field kind %s", (kind) => {
  const field: Field<unknown> = fields[kind]("What it is for.");

  it("accepts what it says", () => {
    for (const value of CASES[kind].yes) {
      expect(field.accepts(value), String(value)).toBe(true);
    }
  });

  it("refuses everything else", () => {
    for (const value of CASES[kind].no) {
      expect(field.accepts(value), String(value)).toBe(false);
    }
  });

  it("is required until it is made optional, which changes nothing else", () => {
    expect(field).toMatchObject({ optional: false, doc: "What it is for." });
    expect(optional(fields[kind]("What it is for."))).toMatchObject({
      optional: true,
      doc: field.doc,
      expected: field.expected,
      accepts: field.accepts,
    });
  });
});
