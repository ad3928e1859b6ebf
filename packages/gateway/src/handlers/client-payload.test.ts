import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ClientPayload, clientPayload } from "./client-payload.ts";

/** The payload of a text frame, by way of the parser that stands before it. */
function ofText(text: string): ClientPayload {
  return clientPayload(JSON.parse(text), { text, body: undefined });
}

function bytesOf(payload: ClientPayload): string {
  return payload.ok ? Buffer.from(payload.bytes).toString() : payload.message;
}

describe("clientPayload", () => {
  it.each([
    ['{"data":{"n":12345678901234567890.10}}', '{"n":12345678901234567890.10}'],
    ['{"data": [1 , 2]  , "x":1}', "[1 , 2]"],
    ['{"data":{"a":1,"a":2}}', '{"a":1,"a":2}'],
    ['{"data":null}', "null"],
    ['{"data":""}', '""'],
    ['{"data":"\\u00e9\\ud800"}', '"\\u00e9\\ud800"'],
    ['{"data":1,"data":2}', "2"],
    ['{"d\\u0061ta":3}', "3"],
    ['{"x":{"data":1},"y":["data",2],"data":3}', "3"],
    ['{"x":"\\"data\\":1","data":2}', "2"],
    ["{}", ""],
  ])("passes on the JSON of %s as it was written", (text, expected) => {
    expect(bytesOf(ofText(text))).toBe(expected);
  });

  it("passes on any JSON value as it was written, wherever it stands", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (value, other) => {
        expect(bytesOf(ofText(`{"before":${other},"data":${value},"after":${other}}`))).toBe(value.trim());
      }),
    );
  });

  it.each([
    ["hello", "hello"],
    ["", ""],
    ["naïve ☃", "naïve ☃"],
    ['{"not":"json here"}', '{"not":"json here"}'],
  ])("sends the text %j as UTF-8", (data, expected) => {
    expect(bytesOf(ofText(JSON.stringify({ data, encoding: "text" })))).toBe(expected);
  });

  it("decodes base64 of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const data = Buffer.from(bytes).toString("base64");
        const payload = ofText(JSON.stringify({ data, encoding: "base64" }));
        expect(payload.ok && Buffer.from(payload.bytes).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ["a character outside", "ab*="],
    ["no padding", "YQ"],
    ["too much padding", "YQ==="],
    ["padding in the middle", "YQ==YQ=="],
    ["padding alone", "===="],
    ["the alphabet for URLs", "-_8="],
    ["a space", "YQ== "],
    ["a line break", "YQ==\n"],
    ["three characters", "abc"],
    ["one character", "a"],
  ])("refuses base64 with %s", (_what, data) => {
    expect(ofText(JSON.stringify({ data, encoding: "base64" }))).toMatchObject({
      ok: false,
      message: expect.stringContaining("base64"),
    });
  });

  it.each([1, null, {}, ["YQ=="], true])("refuses %j where an encoding asks for a string", (data) => {
    for (const encoding of ["text", "base64"]) {
      expect(ofText(JSON.stringify({ data, encoding })).ok).toBe(false);
    }
  });

  it("refuses an encoding without data", () => {
    expect(ofText('{"encoding":"text"}').ok).toBe(false);
  });

  it("takes the bytes behind the header line as they are", () => {
    const body = Buffer.from([0xff, 0x00, 0x0a]);
    expect(clientPayload({}, { text: "{}", body })).toStrictEqual({ ok: true, bytes: body });
  });

  it.each([{ data: 1 }, { encoding: "text" as const }, { data: "YQ==", encoding: "base64" as const }])(
    "refuses the fields %j beside bytes behind the header line",
    (fields) => {
      expect(clientPayload(fields, { text: JSON.stringify(fields), body: Buffer.from("x") }).ok).toBe(false);
    },
  );

  it("is done with a long string of almost-base64 in no time worth measuring", () => {
    expect(ofText(JSON.stringify({ data: `${"AAAA".repeat(500_000)}*`, encoding: "base64" })).ok).toBe(false);
  });
});
