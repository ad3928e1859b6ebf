import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStreamParser, type StreamBlock } from "./event-stream-parser.ts";

function parsed(...pieces: readonly string[]): readonly StreamBlock[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

/** What a browser would dispatch: type, data, lastEventId. */
function events(...pieces: readonly string[]): readonly (readonly [string, string | undefined, string])[] {
  return parsed(...pieces).map(({ event, data, lastEventId }) => [event, data, lastEventId] as const);
}

// After the cases that browsers are tested with (web-platform-tests, eventsource/format-*).
describe("EventStreamParser", () => {
  it.each<[string, string, readonly (readonly [string, string | undefined, string])[]]>([
    ["one line", "data:x\n\n", [["message", "x", ""]]],
    ["several lines", "data:a\ndata:b\ndata\ndata:\n\n", [["message", "a\nb\n\n", ""]]],
    ["a blank after the colon, once", "data: x\ndata:  y\n\n", [["message", "x\n y", ""]]],
    ["a tab after the colon, kept", "data:\tx\n\n", [["message", "\tx", ""]]],
    ["a byte order mark", "\uFEFFdata:x\n\n", [["message", "x", ""]]],
    [
      "a second byte order mark, which spoils the field",
      "\uFEFF\uFEFFdata:x\n\ndata:y\n\n",
      [["message", "y", ""]],
    ],
    ["comments", ":x\ndata:a\n:\ndata:b\n:data:c\n\n", [["message", "a\nb", ""]]],
    ["an empty event", "data:\n\n", [["message", "", ""]]],
    ["a field without colon", "data\n\n", [["message", "", ""]]],
    ["unknown fields", "data:x\n data:y\nDATA:z\nfoo\n\n", [["message", "x", ""]]],
    [
      "an event type",
      "event:e\ndata:x\n\ndata:y\n\n",
      [
        ["e", "x", ""],
        ["message", "y", ""],
      ],
    ],
    ["an event type without data, forgotten", "event:e\n\ndata:x\n\n", [["message", "x", ""]]],
    ["an empty event type", "event:e\nevent:\ndata:x\n\n", [["message", "x", ""]]],
    [
      "an id that stays",
      "id:1\ndata:x\n\ndata:y\n\n",
      [
        ["message", "x", "1"],
        ["message", "y", "1"],
      ],
    ],
    [
      "an id that is taken back",
      "id:1\ndata:x\n\nid\ndata:y\n\n",
      [
        ["message", "x", "1"],
        ["message", "y", ""],
      ],
    ],
    [
      "an id with NUL, ignored",
      "id:1\ndata:x\n\nid:2\0\ndata:y\n\n",
      [
        ["message", "x", "1"],
        ["message", "y", "1"],
      ],
    ],
    [
      "an id alone, which is a checkpoint",
      "id:1\n\ndata:x\n\n",
      [
        ["message", undefined, "1"],
        ["message", "x", "1"],
      ],
    ],
    [
      "CR",
      "data:a\rdata:b\r\rdata:c\r\r\n",
      [
        ["message", "a\nb", ""],
        ["message", "c", ""],
      ],
    ],
    ["CRLF", "data:a\r\ndata:b\r\n\r\n", [["message", "a\nb", ""]]],
    ["all line ends", "data:a\r\ndata:b\ndata:c\r\n\n", [["message", "a\nb\nc", ""]]],
    ["NUL", "data:\0\n\n", [["message", "\0", ""]]],
    ["an event without its end", "data:x\n\ndata:y\n", [["message", "x", ""]]],
    ["Unicode", "data:\u2028\u{1f30a}\n\n", [["message", "\u2028\u{1f30a}", ""]]],
  ])("reads %s", (_what, text, expected) => {
    expect(events(text)).toStrictEqual(expected);
  });

  it("keeps the last retry that is a number", () => {
    const parser = new EventStreamParser();
    parser.push("retry:1000\nretry:x\nretry:10.5\nretry: 2000\nretry:\n\n");
    expect(parser.retryMs).toBe(2_000);
  });

  it("does not depend on how the text is cut", () => {
    const text = fc
      .array(fc.constantFrom("data", "id", "event", ":", " ", "x", "\r", "\n", "\r\n", "\n\n", "\0", "1"), {
        maxLength: 60,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (whole, cuts) => {
        const offsets = [0, ...cuts.map((cut) => cut % (whole.length + 1))].sort((a, b) => a - b);
        const pieces = offsets.map((from, index) => whole.slice(from, offsets[index + 1]));
        // A last LF decides what a CR at the very end is.
        expect(events(...pieces, "\n")).toStrictEqual(events(`${whole}\n`));
      }),
      { numRuns: 2_000 },
    );
  });
});
