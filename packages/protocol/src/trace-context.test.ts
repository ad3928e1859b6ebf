import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTraceContext } from "./trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const VALID = `00-${TRACE}-${PARENT}-01`;

describe("readTraceContext", () => {
  it("takes what is valid as it is", () => {
    expect(readTraceContext(VALID, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")).toStrictEqual({
      traceparent: VALID,
      tracestate: "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    });
    expect(readTraceContext(VALID, undefined)).toStrictEqual({ traceparent: VALID, tracestate: undefined });
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 12],
    ["a list", [VALID]],
    ["an empty text", ""],
    ["capitals", VALID.toUpperCase()],
    ["the forbidden version", `ff${VALID.slice(2)}`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace", `00-${TRACE.slice(1)}-${PARENT}-01`],
    ["no flags", VALID.slice(0, -3)],
    ["more in version 00", `${VALID}-00`],
    ["a later version that does not go on with a dash", `01${VALID.slice(2)}.x`],
    ["blanks around it", ` ${VALID}`],
    ["two of them in one header", `${VALID}, ${VALID}`],
    ["a line break", `${VALID.slice(0, -1)}\n`],
    ["no end", `01${VALID.slice(2)}-${"a".repeat(1_000)}`],
  ])("ignores %s", (_what, traceparent) => {
    expect(readTraceContext(traceparent, "a=b")).toBeUndefined();
  });

  it("reads a later version as far as it knows it", () => {
    const expected = { traceparent: VALID, tracestate: undefined };
    expect(readTraceContext(`01${VALID.slice(2)}`, undefined)).toStrictEqual(expected);
    expect(readTraceContext(`cc${VALID.slice(2)}-what-the-future-brings`, undefined)).toStrictEqual(expected);
  });

  it.each([
    ["several", "a=1,b@vendor=2", true],
    ["an inner blank in a value", "a=1 2", true],
    ["as many as there may be", Array.from({ length: 32 }, (_, n) => `k${n}=v`).join(","), true],
    ["too many", Array.from({ length: 33 }, (_, n) => `k${n}=v`).join(","), false],
    ["the longest", `a=${"v".repeat(256)},b=${"v".repeat(251)}`, true],
    ["a longer one", `a=${"v".repeat(256)},b=${"v".repeat(253)}`, false],
    ["a value that is too long", `a=${"v".repeat(257)}`, false],
    ["members that are all empty", " , ", false],
    ["a key in capitals", "A=1", false],
    ["a value with an equals sign", "a=b=c", false],
    ["a member without a value", "a", false],
    ["a line break", "a=1\r\nTidegate-User: eve", false],
    ["other letters", "a=é", false],
    ["a number", 1, false],
  ])("keeps or drops a tracestate with %s, and the traceparent either way", (_what, tracestate, keeps) => {
    expect(readTraceContext(VALID, tracestate)).toStrictEqual({
      traceparent: VALID,
      tracestate: keeps ? tracestate : undefined,
    });
  });

  it("drops blanks and empty members of a tracestate, which mean nothing", () => {
    expect(readTraceContext(VALID, " a=1 2 , ,\tb=2,")?.tracestate).toBe("a=1 2,b=2");
  });

  it("never throws, and gives nothing that could end a header line", () => {
    const near = fc
      .tuple(fc.constantFrom(VALID, `01${VALID.slice(2)}-x`), fc.nat(60), fc.string({ unit: "binary" }))
      .map(([text, at, extra]) => text.slice(0, at) + extra + text.slice(at + extra.length));
    fc.assert(
      fc.property(fc.oneof(near, fc.anything()), fc.oneof(fc.string(), fc.anything()), (parent, state) => {
        const read = readTraceContext(parent, state);
        if (read === undefined) return;
        expect(read.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
        expect(read.tracestate ?? "").toMatch(/^[\x20-\x7e]{0,512}$/);
      }),
    );
  });
});
