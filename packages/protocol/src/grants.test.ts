import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patternProblem } from "./channel.ts";
import {
  compileGrants,
  GRANT_ACTIONS,
  type GrantPatterns,
  GrantSet,
  MAX_PATTERNS_PER_ACTION,
} from "./grants.ts";
import { covers } from "./pattern.ts";

function compile(patterns: GrantPatterns): GrantSet {
  const compiled = compileGrants(patterns);
  if (!compiled.ok) {
    throw new Error(compiled.message);
  }
  return compiled.grants;
}

function refusal(value: unknown): string {
  const compiled = compileGrants(value);
  return compiled.ok ? "accepted" : compiled.message;
}

/** Users whose name would widen a pattern, or change its shape, if it were pasted in. */
const HOSTILE_SUBS = [
  "a.b",
  "*",
  ">",
  "a.>",
  "{sub}",
  "$&",
  "$1",
  "$`",
  "$'",
  "$$",
  "",
  " ",
  "a b",
  "\u00e9",
  "a\n",
  "a\0",
  ".",
];

/** Whatever could be asked for over a small alphabet, wildcards included. */
const TARGETS: readonly string[] = (() => {
  const tokens = ["user", "a", "b", "x", "ada", "*"];
  const pairs = tokens.flatMap((first) => [...tokens, ">"].map((second) => `${first}.${second}`));
  return [...tokens, ">", ...pairs, "user.a.b", "user.a.>", "user.*.*", "user.*.b"];
})();

const sub = fc.oneof(
  fc.constantFrom(...HOSTILE_SUBS, "ada", "a-b", "user@example:1"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const template = fc.constantFrom(
  "{sub}",
  "user.{sub}",
  "{sub}.>",
  "user.{sub}.*",
  "user.x-{sub}",
  "{sub}{sub}.a",
  "user.{sub}.{sub}",
  "*.{sub}",
);
const target = fc.oneof(
  fc.constantFrom(...TARGETS),
  fc.tuple(template, sub).map(([text, user]) => text.replaceAll("{sub}", () => user)),
);

describe("GrantSet", () => {
  it("allows what a pattern of the action covers, and nothing else", () => {
    const grants = compile({
      subscribe: ["chat.*", "news.>"],
      publish: ["chat.lobby"],
      request: ["demo.echo"],
    });
    expect(grants.allows("subscribe", "chat.lobby", "ada")).toBe(true);
    expect(grants.allows("subscribe", "chat.*", "ada")).toBe(true);
    expect(grants.allows("subscribe", "chat.>", "ada")).toBe(false);
    expect(grants.allows("subscribe", "chat", "ada")).toBe(false);
    expect(grants.allows("subscribe", "news.world.today", undefined)).toBe(true);
    expect(grants.allows("publish", "chat.lobby", "ada")).toBe(true);
    expect(grants.allows("publish", "chat.staff", "ada")).toBe(false);
    expect(grants.allows("request", "demo.echo", "ada")).toBe(true);
    expect(grants.allows("request", "chat.lobby", "ada")).toBe(false);
    expect(grants.allows("history", "chat.lobby", "ada")).toBe(false);
    expect(grants.allows("presence", "chat.lobby", "ada")).toBe(false);
  });

  it("denies everything by default", () => {
    for (const action of GRANT_ACTIONS) {
      for (const wanted of TARGETS) {
        expect(GrantSet.none.allows(action, wanted, "ada")).toBe(false);
        expect(compile({}).allows(action, wanted, "ada")).toBe(false);
      }
    }
  });

  it("fills {sub} in as one token, also within a token and more than once", () => {
    const grants = compile({ subscribe: ["user.{sub}.>", "dm.{sub}-{sub}"] });
    expect(grants.allows("subscribe", "user.ada.mail", "ada")).toBe(true);
    expect(grants.allows("subscribe", "user.bob.mail", "ada")).toBe(false);
    expect(grants.allows("subscribe", "user.*.mail", "ada")).toBe(false);
    expect(grants.allows("subscribe", "dm.ada-ada", "ada")).toBe(true);
    expect(grants.allows("subscribe", "dm.ada-bob", "ada")).toBe(false);
  });

  it("grants an anonymous client nothing through a template", () => {
    const grants = compile({ subscribe: ["user.{sub}", "chat.lobby"] });
    expect(grants.allows("subscribe", "user.undefined", undefined)).toBe(false);
    expect(grants.allows("subscribe", "user.{sub}", undefined)).toBe(false);
    expect(grants.allows("subscribe", "chat.lobby", undefined)).toBe(true);
  });

  it.each(HOSTILE_SUBS)("grants the user %j nothing through a template", (user) => {
    const grants = compile({ subscribe: ["{sub}", "user.{sub}", "{sub}.>", "user.{sub}.*"] });
    for (const wanted of [...TARGETS, user, `user.${user}`]) {
      expect(grants.allows("subscribe", wanted, user)).toBe(false);
    }
  });

  it("never lets a user name widen a template", () => {
    fc.assert(
      fc.property(template, sub, target, (text, user, wanted) => {
        const allowed = compile({ subscribe: [text] }).allows("subscribe", wanted, user);
        // A plain token pasted in by hand gives the reference; any other name must give nothing.
        const plain = /^[A-Za-z0-9_=@,;:-]+$/.test(user) && !user.includes("\n");
        const filled = text.split("{sub}").join(user).split(".");
        expect(allowed).toBe(plain && covers(filled, wanted.split(".")));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("compileGrants", () => {
  it.each([null, undefined, "chat.*", 7, true, ["chat.*"]])("refuses %j, which is no object", (value) => {
    expect(refusal(value)).toContain("must be an object");
  });

  it.each(["admin", "__proto__", "constructor", "toString", "Subscribe", ""])(
    "refuses the unknown action %j and names it",
    (action) => {
      const message = refusal(JSON.parse(`{${JSON.stringify(action)}:["a"]}`));
      expect(message).toContain(JSON.stringify(action));
      expect(message).toContain(GRANT_ACTIONS.join(", "));
    },
  );

  it.each(["chat.lobby", null, 7, { 0: "chat.lobby", length: 1 }])(
    "refuses %j where a list of patterns is wanted",
    (list) => {
      expect(refusal({ subscribe: list })).toContain("grants.subscribe must be a list");
    },
  );

  it.each([7, null, ["a"], undefined])("refuses %j among the patterns", (item) => {
    expect(refusal({ publish: ["a", item] })).toContain("grants.publish holds something other than a string");
  });

  it.each([
    "",
    "a..b",
    "a b",
    "a*",
    ">.a",
    "{sub",
    "{SUB}",
    "*{sub}",
    "{sub}>",
    "{{sub}}",
    "{sub{sub}}",
    "{}",
  ])("refuses the pattern %j and names it", (text) => {
    expect(refusal({ request: ["ok.*", text] })).toContain(`grants.request: ${JSON.stringify(text)}`);
  });

  it("bounds the number of patterns of an action", () => {
    const most = Array<string>(MAX_PATTERNS_PER_ACTION).fill("a");
    expect(compileGrants({ subscribe: most }).ok).toBe(true);
    expect(refusal({ subscribe: [...most, "a"] })).toContain(`at most ${MAX_PATTERNS_PER_ACTION}`);
  });

  it("cuts a long pattern in its message", () => {
    expect(refusal({ subscribe: [`${"a".repeat(5_000)} `] }).length).toBeLessThan(200);
  });

  it("never throws, and compiles only grants whose patterns follow the grammar", () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(...GRANT_ACTIONS, "other"),
        fc.oneof(fc.jsonValue(), fc.array(fc.oneof(template, fc.constantFrom("a", "a.*", "a.>", "a b", "")))),
      ),
    );
    fc.assert(
      fc.property(value, (input) => {
        const compiled = compileGrants(input);
        if (compiled.ok) {
          for (const list of Object.values(input as Record<string, string[]>)) {
            for (const item of list) {
              expect(patternProblem(item.replaceAll("{sub}", "x"))).toBeUndefined();
            }
          }
        } else {
          expect(compiled.message).toMatch(/^grants/);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
