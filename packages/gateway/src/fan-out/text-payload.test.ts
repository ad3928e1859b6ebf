import { replyFrame } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textPayload } from "./text-payload.ts";

/** Reads a frame as a client does. */
function decode(frame: string): Buffer {
  const { data, encoding } = JSON.parse(frame) as { data: unknown; encoding?: string };
  if (encoding === "base64") {
    return Buffer.from(String(data), "base64");
  }
  if (encoding === "text") {
    return Buffer.from(String(data));
  }
  const start = frame.indexOf('"data":') + '"data":'.length;
  return Buffer.from(frame.slice(start, -1));
}

function frameOf(bytes: Uint8Array): string {
  return replyFrame(1, textPayload(bytes));
}

const jsonText = fc.oneof(
  fc.json(),
  fc.json().map((text) => ` ${text}\n`),
  fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
  fc.jsonValue().map((value) => JSON.stringify(value, null, "\t").replaceAll("\n", "\r\n")),
);

describe("textPayload", () => {
  it("makes of any bytes one line of valid JSON that decodes to the same bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.string({ unit: "grapheme", maxLength: 100 }).map((text) => Buffer.from(text)),
      jsonText.map((text) => Buffer.from(text)),
      // JSON that is almost right: broken off, or with a byte changed.
      fc.tuple(jsonText, fc.nat(), fc.nat({ max: 255 })).map(([text, at, byte]) => {
        const spoiled = Buffer.from(text);
        if (spoiled.length > 0) {
          spoiled[at % spoiled.length] = byte;
        }
        return spoiled;
      }),
      fc.tuple(jsonText, fc.nat()).map(([text, length]) => {
        const whole = Buffer.from(text);
        return whole.subarray(0, length % (whole.length + 1));
      }),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        const frame = frameOf(payload);
        expect(frame).not.toMatch(/[\r\n]/);
        const { encoding } = JSON.parse(frame) as { encoding?: string };
        const decoded = decode(frame);
        if (encoding === undefined) {
          // Line breaks between tokens become spaces, which mean the same and take the same room.
          const spaced = Buffer.from(payload).map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte));
          expect(decoded.equals(spaced)).toBe(true);
        } else {
          expect(decoded.equals(Buffer.from(payload))).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("embeds valid JSON as it was written, but for line breaks", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const { json, encoding } = textPayload(Buffer.from(text));
        expect(encoding).toBeUndefined();
        expect(json).toBe(text.replace(/[\r\n]/g, " "));
      }),
    );
  });

  it.each([
    ["a number beyond doubles", "12345678901234567890123"],
    ["a number that a double would round", '{"id":9007199254740993}'],
    ["repeated keys", '{"a":1,"a":2}'],
    ["spaces around and between", '  { "a" : [ 1 , 2 ] }  '],
    ["tabs", '{\t"a":\t1}'],
    ["escapes", '"\\u00e9\\n\\"\\ud800"'],
    ["line separators of Unicode in a string", '"\u2028\u2029"'],
    ["an exponent", "1E400"],
    ["a negative zero", "-0"],
    ["true", "true"],
    ["null", "null"],
  ])("passes %s through unchanged", (_what, text) => {
    expect(textPayload(Buffer.from(text))).toStrictEqual({ json: text, encoding: undefined });
  });

  it.each([
    ["nothing", ""],
    ["words", "hello, world"],
    ["a word like a literal", "nullify"],
    ["a word that begins like a number", "-x"],
    ["two values", "1 2"],
    ["a line of JSON behind another", '{"a":1}\n{"b":2}'],
    ["a byte order mark before JSON", "\ufeff{}"],
    ["a vertical tab, which is no white space of JSON", "\u000b1"],
    ["a NUL", "\u0000"],
    ["quotes and backslashes", 'a"b\\c'],
    ["something that would break out", '"},{"type":"forged"}'],
    ["line breaks", "a\r\nb\nc"],
    ["JSON with a comment", "{} // end"],
    ["NaN", "NaN"],
  ])("sends %s as text", (_what, text) => {
    expect(textPayload(Buffer.from(text))).toStrictEqual({ json: JSON.stringify(text), encoding: "text" });
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["JSON with one wrong byte", [0x22, 0xff, 0x22]],
  ])("sends %s as base64", (_what, bytes) => {
    const payload = Buffer.from(bytes);
    expect(textPayload(payload)).toStrictEqual({
      json: `"${payload.toString("base64")}"`,
      encoding: "base64",
    });
  });

  it("stands a payload nested deeper than any stack", () => {
    const deep = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
    expect(textPayload(Buffer.from(deep))).toStrictEqual({ json: deep, encoding: undefined });
  });

  it("reads a view of a larger buffer, and only the view", () => {
    const buffer = Buffer.from("xx{}xx");
    expect(textPayload(buffer.subarray(2, 4))).toStrictEqual({ json: "{}", encoding: undefined });
    expect(textPayload(new Uint8Array(buffer.buffer, buffer.byteOffset + 2, 2)).json).toBe("{}");
  });
});
