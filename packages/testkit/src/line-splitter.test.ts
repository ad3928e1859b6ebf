import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

test("the lines are the same however the bytes are cut", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom("\n", "\r\n"),
      fc.integer({ min: 1, max: 7 }),
      (texts, end, size) => {
        const bytes = Buffer.from(texts.map((text) => text + end).join(""));
        const lines: string[] = [];
        const splitter = new LineSplitter((text) => lines.push(text));
        for (let offset = 0; offset < bytes.length; offset += size)
          splitter.push(bytes.subarray(offset, offset + size));
        splitter.end();
        expect(lines).toEqual(texts);
      },
    ),
  );
});

test("an unfinished last line is handed over at the end", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((text) => lines.push(text));
  splitter.push(Buffer.from("one\ntw"));
  expect(lines).toEqual(["one"]);
  splitter.push(Buffer.from("o"));
  splitter.end();
  splitter.end();
  expect(lines).toEqual(["one", "two"]);
});
