import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import {
  bytes,
  decimal,
  filePath,
  flag,
  integer,
  listOf,
  milliseconds,
  oneOf,
  port,
  text,
  url,
} from "./setting-schemas.ts";

const cases: readonly [
  string,
  z.ZodType,
  readonly [written: unknown, value: unknown][],
  readonly unknown[],
][] = [
  [
    "bytes({ min: 1, max: 1024 })",
    bytes({ min: 1, max: 1024 }),
    [
      [1, 1],
      ["512", 512],
      ["1KiB", 1024],
    ],
    [0, 1025, "2KiB", 1.5, "", "x", true, null, undefined, [1], {}, Number.NaN],
  ],
  [
    "milliseconds()",
    milliseconds(),
    [
      [0, 0],
      ["30s", 30_000],
      ["1500", 1500],
    ],
    [-1, "30 seconds", "1.5s", Number.POSITIVE_INFINITY, undefined],
  ],
  [
    "integer({ min: -5, max: 5 })",
    integer({ min: -5, max: 5 }),
    [
      [-5, -5],
      ["-3", -3],
      ["4", 4],
    ],
    [6, "6", "0x1", "1e0", 0.5, true, undefined],
  ],
  [
    "decimal({ max: 1 })",
    decimal({ max: 1 }),
    [
      [0.25, 0.25],
      ["0.5", 0.5],
      ["1", 1],
    ],
    [1.1, -0.1, ".5", "1e-1", Number.NaN, undefined],
  ],
  [
    "port()",
    port(),
    [
      [0, 0],
      [65_535, 65_535],
      ["8080", 8080],
    ],
    [-1, 65_536, "http", "80 80", 80.5, "tcp://10.0.0.1:80", undefined],
  ],
  [
    "flag()",
    flag(),
    [
      [true, true],
      ["false", false],
      ["true", true],
    ],
    [1, "1", "yes", "TRUE", "", null, undefined],
  ],
  ["oneOf(['a', 'b'])", oneOf(["a", "b"]), [["b", "b"]], ["A", "c", "", 1, undefined]],
  ["text({ max: 3 })", text({ max: 3 }), [["abc", "abc"]], ["", "abcd", "a\nb", "\u0000", 7, undefined]],
  [
    "text({ min: 0, multiline: true })",
    text({ min: 0, multiline: true }),
    [
      ["", ""],
      ["a\r\nb", "a\r\nb"],
    ],
    ["a\tb", 1],
  ],
  [
    "text with a pattern",
    text({ pattern: { test: /^[a-z]+$/, expects: "lower-case letters" } }),
    [["abc", "abc"]],
    ["aBc", "1"],
  ],
  ["filePath()", filePath(), [["/etc/x.yaml", "/etc/x.yaml"]], ["", "a\u0000b", 5, undefined]],
  [
    "url(['https', 'nats'])",
    url(["https", "nats"]),
    [
      ["https://host/path", "https://host/path"],
      ["nats://host:4222", "nats://host:4222"],
    ],
    ["http://host", "host:4222", "https://", "not a url", "", 1, undefined],
  ],
  [
    "listOf(oneOf(['x', 'y']), { min: 1, max: 2 })",
    listOf(oneOf(["x", "y"]), { min: 1, max: 2 }),
    [
      ["x", ["x"]],
      ["x, y", ["x", "y"]],
      [["y"], ["y"]],
    ],
    ["", "x,z", "x,,y", "x,y,x", [], ["z"], 5, { 0: "x" }, undefined],
  ],
];

describe.each(cases)("%s", (_name, schema, accepted, refused) => {
  test.each(accepted)("reads %j as %j", (written, value) => {
    expect(schema.parse(written)).toEqual(value);
  });

  test.each(refused.map((value) => [value]))("refuses %j", (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

describe("schema helpers", () => {
  test("fit into schemas of objects, with defaults and options", () => {
    const schema = z.strictObject({ max: bytes().default(10), ttl: milliseconds().optional() });
    expect(schema.parse({})).toEqual({ max: 10 });
    expect(schema.parse({ max: "1KiB", ttl: "1s" })).toEqual({ max: 1024, ttl: 1000 });
    expectTypeOf<z.output<typeof schema>>().toEqualTypeOf<{ max: number; ttl?: number | undefined }>();
  });

  test("keep the words of an enumeration in their type", () => {
    expectTypeOf(oneOf(["a", "b"]).parse("a")).toEqualTypeOf<"a" | "b">();
    expectTypeOf(listOf(oneOf(["a", "b"])).parse("a")).toEqualTypeOf<("a" | "b")[]>();
  });

  test("refuse bounds the wrong way round", () => {
    expect(() => integer({ min: 2, max: 1 })).toThrow(TypeError);
  });
});
