import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPubAck } from "./pub-ack.ts";

const read = (value: unknown) => readPubAck(Buffer.from(JSON.stringify(value)));
const refusal = (code: number, err_code: number) => ({ error: { code, err_code, description: "no" } });

describe("an acknowledgement", () => {
  it.each([
    [
      { stream: "S", seq: 7 },
      { kind: "stored", stream: "S", sequence: 7, duplicate: false },
    ],
    [
      { stream: "S", seq: 7, duplicate: true, domain: "hub" },
      { kind: "stored", stream: "S", sequence: 7, duplicate: true },
    ],
    [refusal(503, 10_008), { kind: "unavailable", message: "no" }],
    [refusal(400, 10_060), { kind: "unavailable", message: "no" }],
    [refusal(409, 10_158), { kind: "unconfirmed" }],
    [refusal(400, 10_054), { kind: "too_large" }],
    [refusal(429, 10_167), { kind: "busy" }],
    [{ error: {} }, { kind: "unavailable", message: "the stream gave no reason" }],
    [{ seq: 7 }, { kind: "unconfirmed" }],
    [{ stream: "S", seq: "7" }, { kind: "unconfirmed" }],
    [null, { kind: "unconfirmed" }],
  ])("%j is read", (answer, outcome) => {
    expect(read(answer)).toStrictEqual(outcome);
  });

  it("may be anything when somebody else answers", () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(anything, (payload) => {
        expect(readPubAck(payload).kind).toMatch(/^(stored|unconfirmed|unavailable|too_large|busy)$/);
      }),
    );
  });
});
