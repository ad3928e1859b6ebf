import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { defineSettings, type SettingsOf } from "./define-settings.ts";
import { type Setting, setting, variableOf } from "./setting.ts";
import { bytes, flag, integer, listOf, milliseconds, oneOf, port, text } from "./setting-schemas.ts";

const doc = "A setting.";

describe("the type of the settings", () => {
  test("follows from the table", () => {
    const table = defineSettings({
      settings: [
        setting({ path: "limits.frameBytes", schema: bytes(), default: "64KiB", doc }),
        setting({ path: "limits.deep.idleMs", schema: milliseconds().optional(), doc }),
        setting({ path: "name", schema: text(), doc }),
        setting({ path: "algorithms", schema: listOf(oneOf(["HS256", "RS256"])), default: "HS256", doc }),
        setting({
          path: "namespaces",
          schema: z.record(z.string(), z.strictObject({ history: z.boolean().default(false) })),
          default: {},
          doc,
        }),
      ],
      refine: (settings) => {
        expectTypeOf(settings.limits.frameBytes).toEqualTypeOf<number>();
        return [];
      },
    });
    expectTypeOf<SettingsOf<typeof table>>().toEqualTypeOf<{
      readonly limits: {
        readonly frameBytes: number;
        readonly deep: { readonly idleMs: number | undefined };
      };
      readonly name: string;
      readonly algorithms: readonly ("HS256" | "RS256")[];
      readonly namespaces: { readonly [name: string]: { readonly history: boolean } };
    }>();
  });

  test("survives lists of settings being joined", () => {
    const listener = [setting({ path: "listen.port", schema: port(), default: 8080, doc })] as const;
    const table = defineSettings({
      settings: [...listener, setting({ path: "listen.tls", schema: flag(), default: false, doc })],
    });
    expectTypeOf<SettingsOf<typeof table>>().toEqualTypeOf<{
      readonly listen: { readonly port: number; readonly tls: boolean };
    }>();
  });

  test("lets a disagreement name only paths of the table", () => {
    const settings = [setting({ path: "limits.frameBytes", schema: bytes(), default: 1, doc })] as const;
    defineSettings({ settings, refine: () => [{ path: "limits.frameBytes", message: "m" }] });
    // @ts-expect-error there is no such path
    defineSettings({ settings, refine: () => [{ path: "limits.frameByte", message: "m" }] });
  });

  test("does not take a default that the schema could not be given", () => {
    const declaration = { path: "port", schema: port(), doc } as const;
    // @ts-expect-error a port is a number or text
    const settings = [setting({ ...declaration, default: true })];
    expect(() => defineSettings({ settings })).toThrow(/default is refused/);
  });
});

describe("variableOf", () => {
  test.each([
    ["limits.frameBytes", "TIDEGATE_LIMITS_FRAME_BYTES"],
    ["auth.jwksUrl", "TIDEGATE_AUTH_JWKS_URL"],
    ["auth.tlsCAFile", "TIDEGATE_AUTH_TLS_CA_FILE"],
    ["nats.v2Enabled", "TIDEGATE_NATS_V2_ENABLED"],
    ["port", "TIDEGATE_PORT"],
  ])("of %s is %s", (path, variable) => {
    expect(variableOf(setting({ path, schema: text(), doc }), "TIDEGATE_")).toBe(variable);
  });

  test("is the declared one if there is one", () => {
    expect(variableOf(setting({ path: "a", schema: text(), doc, env: "PORT" }), "TIDEGATE_")).toBe("PORT");
  });
});

describe("defineSettings refuses", () => {
  const one = (path: string) => setting({ path, schema: text(), doc, default: "x" });
  const mistakes: readonly [string, readonly Setting[], RegExp][] = [
    ["a path that is no path", [one("Limits.x")], /camelCase/],
    ["a path with an empty part", [one("limits..x")], /camelCase/],
    ["the same path twice", [one("a.b"), one("a.b")], /declared twice/],
    ["a setting inside a setting", [one("a.b"), one("a.b.c.d")], /lies inside setting a\.b/],
    ["two paths with one variable", [one("a.bC"), one("a.b.c")], /already belongs to a\.bC/],
    ["the variable of the configuration file", [one("config")], /already belongs to the configuration file/],
    [
      "the file variable of a secret",
      [setting({ path: "key", schema: text(), doc, secret: true }), one("keyFile")],
      /KEY_FILE/,
    ],
    [
      "a variable that is no variable",
      [setting({ path: "a", schema: text(), doc, env: "A-B" })],
      /not a variable name/,
    ],
    [
      "a default its schema refuses",
      [setting({ path: "n", schema: integer({ max: 1 }), default: 2, doc })],
      /default is refused/,
    ],
    [
      "a secret with a default",
      [setting({ path: "s", schema: text(), default: "hunter2", secret: true, doc })],
      /no default/,
    ],
    ["no documentation", [setting({ path: "a", schema: text(), doc: " " })], /needs a doc/],
    [
      "a size without its unit in the name",
      [setting({ path: "frame", schema: bytes(), doc })],
      /must end in Bytes/,
    ],
    [
      "a duration without its unit in the name",
      [setting({ path: "ttl", schema: milliseconds(), doc })],
      /must end in Ms/,
    ],
    [
      "an object that would drop unknown keys",
      [setting({ path: "a", schema: z.record(z.string(), z.object({ b: z.string() })), doc })],
      /object at a\.<name> must be strict/,
    ],
  ];

  test.each(mistakes)("%s", (_name, settings, message) => {
    expect(() => defineSettings({ settings })).toThrow(TypeError);
    expect(() => defineSettings({ settings })).toThrow(message);
  });

  test("a prefix that is none", () => {
    expect(() => defineSettings({ prefix: "tidegate", settings: [] })).toThrow(/prefix/);
  });

  test("never with the secret in the message", () => {
    const settings = [
      setting({ path: "s", schema: text({ max: 3 }), default: "hunter2", secret: true, doc }),
    ];
    expect(() => defineSettings({ settings })).not.toThrow(/hunter2/);
  });
});
