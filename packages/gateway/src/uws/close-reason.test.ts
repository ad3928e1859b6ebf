import { CLOSE_CODES, type CloseName, MAX_CLOSE_REASON_BYTES } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeReason } from "./close-reason.ts";

describe("closeReason", () => {
  it("names the code and keeps what fits", () => {
    expect(closeReason("no_pong", "no pong came in time")).toBe("no_pong: no pong came in time");
    const fits = "x".repeat(MAX_CLOSE_REASON_BYTES - "no_pong: ".length);
    expect(closeReason("no_pong", fits)).toBe(`no_pong: ${fits}`);
    expect(closeReason("no_pong", `${fits}y`)).toBe(`no_pong: ${fits}`);
  });

  it.each([
    ["two bytes", "é"],
    ["three bytes", "☃"],
    ["four bytes", "😀"],
  ])("cuts before a character of %s that would not fit, and not within", (_what, character) => {
    const size = Buffer.byteLength(character);
    const prefix = "no_pong: ".length;
    for (let padding = 0; padding < size; padding += 1) {
      const reason = closeReason("no_pong", "x".repeat(padding) + character.repeat(200));
      expect(reason).not.toContain("\ufffd");
      const bytes = Buffer.byteLength(reason);
      expect(bytes).toBeLessThanOrEqual(MAX_CLOSE_REASON_BYTES);
      expect(bytes).toBe(MAX_CLOSE_REASON_BYTES - ((MAX_CLOSE_REASON_BYTES - prefix - padding) % size));
    }
  });

  it("always is a beginning of the text that fits into a control frame", () => {
    const names = Object.keys(CLOSE_CODES) as CloseName[];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.string({ unit: "grapheme", maxLength: 300 }),
        (name, text) => {
          const reason = closeReason(name, text);
          expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(MAX_CLOSE_REASON_BYTES);
          expect(Buffer.from(`${name}: ${text}`).subarray(0, Buffer.byteLength(reason)).toString()).toBe(
            reason,
          );
        },
      ),
    );
  });
});
