import { describe, expect, it } from "vitest";
import { forwardedClaims, MAX_CLAIMS_BYTES } from "./forwarded-claims.ts";
import { parseStrictObject } from "./strict-json.ts";
import { segment } from "./tokens.fixture.ts";

describe("forwardedClaims", () => {
  it("takes the chosen claims only, in the order in which they were chosen", () => {
    const payload = { sub: "alice", roles: ["a"], org: { id: 7 }, email: "a@b.example" };
    expect(forwardedClaims(payload, ["org", "roles", "absent"])).toEqual({
      ok: true,
      json: '{"org":{"id":7},"roles":["a"]}',
    });
  });

  it("is nothing at all if the token has none of them", () => {
    expect(forwardedClaims({ sub: "alice" }, ["org"])).toEqual({ ok: true, json: undefined });
    expect(forwardedClaims({ sub: "alice" }, [])).toEqual({ ok: true, json: undefined });
  });

  it("takes null for a value, and no member of Object.prototype for a claim", () => {
    expect(forwardedClaims({ org: null }, ["org", "constructor"])).toEqual({
      ok: true,
      json: '{"org":null}',
    });
  });

  it("treats a claim called __proto__ like any other", () => {
    const payload = parseStrictObject(segment('{"__proto__":{"admin":true}}')) ?? {};
    expect(forwardedClaims(payload, ["__proto__"])).toEqual({
      ok: true,
      json: '{"__proto__":{"admin":true}}',
    });
  });

  it("stays on one line whatever the claims hold", () => {
    const forwarded = forwardedClaims({ org: "a\r\nNats-Sequence: 1\0" }, ["org"]);
    expect(forwarded).toMatchObject({ ok: true, json: '{"org":"a\\r\\nNats-Sequence: 1\\u0000"}' });
  });

  it("counts bytes, not characters, against the limit", () => {
    const room = MAX_CLAIMS_BYTES - Buffer.byteLength('{"org":""}');
    expect(forwardedClaims({ org: "x".repeat(room) }, ["org"]).ok).toBe(true);
    expect(forwardedClaims({ org: "x".repeat(room + 1) }, ["org"]).ok).toBe(false);
    expect(forwardedClaims({ org: "é".repeat(room / 2 + 1) }, ["org"]).ok).toBe(false);
  });
});
