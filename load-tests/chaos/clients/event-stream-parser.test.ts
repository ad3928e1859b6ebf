import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventStreamParser } from "./event-stream-parser.ts";

interface Seen {
  readonly events: readonly (readonly [event: string, data: string, id: string])[];
  readonly retries: readonly number[];
  readonly lastEventId: string;
}

function read(pieces: readonly string[], lastEventId?: string): Seen {
  const events: [string, string, string][] = [];
  const retries: number[] = [];
  const parser = new EventStreamParser(
    {
      onEvent: (event, data) => events.push([event, data, parser.lastEventId]),
      onRetry: (milliseconds) => retries.push(milliseconds),
    },
    lastEventId,
  );
  for (const piece of pieces) {
    parser.push(piece);
  }
  return { events, retries, lastEventId: parser.lastEventId };
}

describe("EventStreamParser", () => {
  test.each([
    ["an event", "data: a\n\n", [["message", "a", ""]]],
    ["a name and an id", "event: said\nid: k-1\ndata: a\n\n", [["said", "a", "k-1"]]],
    ["several lines of data", "data: a\ndata:b\ndata:  c\n\n", [["message", "a\nb\n c", ""]]],
    ["empty data", "data\n\n", [["message", "", ""]]],
    [
      "all line ends",
      "data: a\r\rdata: b\r\n\r\ndata: c\n\n",
      [
        ["message", "a", ""],
        ["message", "b", ""],
        ["message", "c", ""],
      ],
    ],
    ["a byte order mark at the start only", "\ufeffdata: a\n\n\ufeffdata: b\n\n", [["message", "a", ""]]],
    ["comments and unknown fields", ": hi\nwhat: a\n: data: b\n\n", []],
    ["no event without an empty line behind it", "data: a\n", []],
    ["a name without data, which is forgotten", "event: said\n\ndata: a\n\n", [["message", "a", ""]]],
  ])("reads %s", (_, text, expected) => {
    expect(read([text]).events).toEqual(expected);
  });

  test("moves the last event id by an id without data, once the empty line has come", () => {
    expect(read(["id: k-2\n"], "k-1").lastEventId).toBe("k-1");
    expect(read(["id: k-2\n\n"], "k-1")).toEqual({ events: [], retries: [], lastEventId: "k-2" });
  });

  test("keeps the id for later events, ignores one with NUL, and forgets it by an empty one", () => {
    expect(read(["id: 1\ndata: a\n\nid: \0\ndata: b\n\nid\ndata: c\n\n"]).events).toEqual([
      ["message", "a", "1"],
      ["message", "b", "1"],
      ["message", "c", ""],
    ]);
  });

  test("takes only digits for a wait", () => {
    expect(read(["retry: 250\nretry: 1s\nretry: -1\nretry:\n\n"]).retries).toEqual([250]);
  });

  test("sees the same however the stream is cut", () => {
    const lines = fc.constantFrom("data: a", "data:b", "id: 1", "id: 2", "event: x", ": c", "retry: 5", "");
    const ends = fc.constantFrom("\n", "\r", "\r\n");
    const streams = fc.array(fc.tuple(lines, ends)).map((parts) => parts.flat().join(""));
    fc.assert(
      fc.property(streams, fc.array(fc.nat(5)), (stream, lengths) => {
        const pieces: string[] = [];
        let at = 0;
        for (const length of lengths) {
          pieces.push(stream.slice(at, at + length));
          at += length;
        }
        pieces.push(stream.slice(at));
        expect(read(pieces)).toEqual(read([stream]));
      }),
    );
  });
});
