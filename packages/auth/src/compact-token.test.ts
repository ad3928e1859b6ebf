import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCompactToken } from "./compact-token.ts";

const LIMIT = 1_000;

function failureOf(text: string): string {
  const read = readCompactToken(text, LIMIT);
  return read.ok ? "read" : read.failure;
}

describe("readCompactToken", () => {
  it("splits a token into its three segments", () => {
    expect(readCompactToken("YWJj.ZGVm.Z2hp", LIMIT)).toMatchObject({
      ok: true,
      header: "YWJj",
      payload: "ZGVm",
      signature: "Z2hp",
    });
  });

  it("lets an empty signature through, so that the algorithm gets to refuse it", () => {
    expect(readCompactToken("YWJj.ZGVm.", LIMIT)).toMatchObject({ ok: true, signature: "" });
  });

  it("checks the length before anything else", () => {
    expect(failureOf(`${"!".repeat(LIMIT)}`)).toBe("token_malformed");
    expect(failureOf(`${"!".repeat(LIMIT + 1)}`)).toBe("token_too_large");
    expect(failureOf(`YWJj.${"A".repeat(LIMIT - 10)}.AAAA`)).toBe("read");
  });

  it.each([
    ["nothing", "", "token_missing"],
    ["no dot", "YWJj", "token_malformed"],
    ["two segments", "YWJj.ZGVm", "token_malformed"],
    ["four segments", "YWJj.ZGVm.Z2hp.YWJj", "token_malformed"],
    ["an empty header", ".ZGVm.Z2hp", "token_malformed"],
    ["an empty payload", "YWJj..Z2hp", "token_malformed"],
    ["only dots", "..", "token_malformed"],
    ["padding", "YWJj.ZGVm.Z2hpYg==", "token_malformed"],
    ["the other base64 alphabet", "YW+j.ZG/m.Z2hp", "token_malformed"],
    ["a leading space", " YWJj.ZGVm.Z2hp", "token_malformed"],
    ["a trailing space", "YWJj.ZGVm.Z2hp ", "token_malformed"],
    ["a trailing line feed", "YWJj.ZGVm.Z2hp\n", "token_malformed"],
    ["a space inside", "YWJj.ZG Vm.Z2hp", "token_malformed"],
    ["a NUL", "YWJj.ZGVm.Z2hp\0", "token_malformed"],
    ["a letter outside ASCII", "YWJj.ZGVm.Z2hé", "token_malformed"],
    ["a full-width dot", "YWJj．ZGVm．Z2hp", "token_malformed"],
    ["a scheme in front", "Bearer YWJj.ZGVm.Z2hp", "token_malformed"],
    ["a segment no decoder can fill", "YWJj.ZGVm.Z2hpA", "token_malformed"],
  ])("refuses %s", (_name, text, failure) => {
    expect(failureOf(text)).toBe(failure);
  });

  it("says that encrypted tokens are not accepted", () => {
    const read = readCompactToken("YWJj.ZGVm.Z2hp.YWJj.ZGVm", LIMIT);
    expect(read).toMatchObject({ failure: "token_malformed", message: expect.stringContaining("JWE") });
  });

  it("accepts exactly one spelling of any segment", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (bytes) => {
        const spelled = Buffer.from(bytes).toString("base64url");
        const accepted = [...alphabet]
          .map((last) => spelled.slice(0, -1) + last)
          .filter((text) => Buffer.from(text, "base64url").equals(Buffer.from(bytes)))
          .filter((text) => failureOf(`YWJj.ZGVm.${text}`) === "read");
        expect(accepted).toEqual([spelled]);
      }),
    );
  });
});
