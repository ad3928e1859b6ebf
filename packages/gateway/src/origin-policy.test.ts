import { describe, expect, it } from "vitest";
import { ORIGIN_ENTRY, OriginPolicy } from "./origin-policy.ts";

const HOST = "rt.example.com";

describe("OriginPolicy", () => {
  it.each([
    ["a program, which sends no origin", "", [], true],
    ["an origin on the list", "https://app.example.com", ["https://app.example.com"], true],
    ["the same in other letters", "HTTPS://App.Example.com", ["https://app.example.com"], true],
    ["an entry in other letters", "https://app.example.com", ["https://APP.example.com"], true],
    ["another scheme", "http://app.example.com", ["https://app.example.com"], false],
    ["another port", "https://app.example.com:8443", ["https://app.example.com"], false],
    [
      "an origin that only begins like it",
      "https://app.example.com.evil.org",
      ["https://app.example.com"],
      false,
    ],
    ["an origin that only ends like it", "https://evil-app.example.com", ["https://app.example.com"], false],
    ["any origin by *", "https://evil.org", ["*"], true],
    ["the null origin by *", "null", ["*"], true],
    ["the null origin without *", "null", ["same-origin", "https://app.example.com"], false],
    ["the page's own host", "https://rt.example.com", ["same-origin"], true],
    ["the page's own host by any scheme", "http://RT.example.com", ["same-origin"], true],
    ["another host", "https://www.example.com", ["same-origin"], false],
    ["another port of the host", "https://rt.example.com:8443", ["same-origin"], false],
    ["an empty list", "https://app.example.com", [], false],
  ] as const)("judges %s", (_what, origin, allow, expected) => {
    expect(new OriginPolicy(allow).allows(origin, HOST)).toBe(expected);
  });

  it.each([
    ["a listed origin", "https://app.example.com", ["https://app.example.com"], true],
    ["its own origin", "https://rt.example.com", ["same-origin"], true],
    ["an origin that is let in by * alone", "https://evil.org", ["*"], false],
    ["a listed origin beside *", "https://app.example.com", ["*", "https://app.example.com"], true],
    [
      "no origin, since nothing shows who sent it",
      "",
      ["*", "same-origin", "https://app.example.com"],
      false,
    ],
    ["the null origin", "null", ["*", "same-origin"], false],
    ["a word of the list as the origin", "*", ["*"], false],
    ["the other word of the list as the origin", "same-origin", ["same-origin"], false],
  ] as const)("lets a cookie count for %s: %s", (_what, origin, allow, expected) => {
    expect(new OriginPolicy(allow).allowsCookies(origin, HOST)).toBe(expected);
  });

  it("takes no malformed origin for its own, whatever the Host header says", () => {
    const policy = new OriginPolicy(["same-origin"]);
    for (const [origin, host] of [
      ["null", "ll"],
      ["rt.example.com", "rt.example.com"],
      ["https://", ""],
      ["https://rt.example.com/", "rt.example.com/"],
    ] as const) {
      expect(policy.allows(origin, host), origin).toBe(false);
      expect(policy.allowsCookies(origin, host), origin).toBe(false);
    }
  });
});

describe("ORIGIN_ENTRY", () => {
  it.each(["*", "same-origin", "https://app.example.com", "http://127.0.0.1:3000", "capacitor://localhost"])(
    "accepts %s",
    (entry) => {
      expect(ORIGIN_ENTRY.test(entry)).toBe(true);
    },
  );

  it.each([
    "null",
    "app.example.com",
    "https://app.example.com/",
    "https://app.example.com/page",
    "https://app.example.com?x",
    "https://",
    "https://user@app.example.com",
    "//app.example.com",
    "**",
    "",
  ])("refuses %s, which could never match", (entry) => {
    expect(ORIGIN_ENTRY.test(entry)).toBe(false);
  });
});
