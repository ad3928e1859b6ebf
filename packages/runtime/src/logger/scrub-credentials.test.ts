import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scrubCredentials } from "./scrub-credentials.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl-_x";

describe("scrubCredentials", () => {
  test.each([
    [`token ${JWT} refused`, "token [hidden] refused"],
    [`"Authorization: Bearer ${JWT}"`, '"Authorization: Bearer [hidden]"'],
    ["bearer abcdef0123456789", "bearer [hidden]"],
    ["Basic dXNlcjpwYXNzd29yZA==", "Basic [hidden]"],
    ["GET /v1/sse?channels=a&access_token=abc&x=1", "GET /v1/sse?channels=a&access_token=[hidden]&x=1"],
    ["https://host/?token=abc#top", "https://host/?token=[hidden]#top"],
    ["nats://user:pass@host:4222, nats://token@other", "nats://[hidden]@host:4222, nats://[hidden]@other"],
    [`${JWT},${JWT}`, "[hidden],[hidden]"],
  ])("turns %s into %s", (text, scrubbed) => {
    expect(scrubCredentials(text)).toBe(scrubbed);
  });

  test.each([
    ["the bearer of this ring"],
    ["a basic problem"],
    ["https://host/path?channels=a.b&cursor=x"],
    ["mail me@example.com"],
    ["https://host/@someone"],
    ["keyJ.not.a.token"],
  ])("leaves %s alone", (text) => {
    expect(scrubCredentials(text)).toBe(text);
  });

  test("finds a token in any surroundings", () => {
    const other = fc.string().filter((text) => !/[\w-]$/.test(text));
    fc.assert(
      fc.property(other, other, (before, after) => {
        expect(scrubCredentials(before + JWT + after)).not.toContain("c2lnbmF0dXJl");
      }),
    );
  });

  test("keeps JSON what it is", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(JWT, "//", "@", "Bearer ", "?token=", '"', "\\", "x".repeat(20)),
    );
    const value = fc.array(fc.array(piece).map((pieces) => pieces.join("")));
    fc.assert(
      fc.property(value, (texts) => {
        const parsed: unknown = JSON.parse(scrubCredentials(JSON.stringify(texts)));
        expect(parsed).toHaveLength(texts.length);
      }),
    );
  });
});
