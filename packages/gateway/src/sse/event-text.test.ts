import { isUtf8 } from "node:buffer";
import { encodePosition, type MessageHead } from "@tidegate/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventSourceParser } from "../../testing/event-source-parser.ts";
import {
  COMMENT,
  checkpointText,
  objectEvent,
  ownEventText,
  payloadEvent,
  retryText,
  withId,
  withoutId,
} from "./event-text.ts";

const HEAD: MessageHead = {
  channel: "chat.lobby",
  event: undefined,
  from: undefined,
  time: 1_800_000_000_000,
  cursor: "k3j9x0ab-2s",
};

const head: fc.Arbitrary<MessageHead> = fc.record({
  channel: fc.constantFrom("chat.lobby", "a", "feed.ada,bob"),
  event: fc.option(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(" said", "error", ":", "data: x", "")),
    { nil: undefined },
  ),
  from: fc.constant(undefined),
  time: fc.nat(),
  cursor: fc.option(
    fc.nat().map((sequence) => encodePosition({ epoch: "k3j9x0ab", sequence })),
    { nil: undefined },
  ),
});

const payload: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "binary", maxLength: 60 }).map((text) => Buffer.from(text)),
  fc
    .array(fc.constantFrom("\r", "\n", "\r\n", ":", " ", "\0", "\uFEFF", "\u2028", "data: ", "id: 1", "x"), {
      maxLength: 20,
    })
    .map((parts) => Buffer.from(parts.join(""))),
  fc.json().map((text) => Buffer.from(text)),
);

/** All of it in pieces, as a network brings it. */
function parsed(bytes: Uint8Array, cut: number): EventSourceParser {
  const parser = new EventSourceParser();
  const at = Math.min(cut, bytes.byteLength);
  parser.push(bytes.subarray(0, at));
  parser.push(bytes.subarray(at));
  return parser;
}

/** Events come behind others, and with others behind them. */
function surrounded(event: Uint8Array): Uint8Array {
  const before = Buffer.from(`${retryText(1200)}id: 0\ndata: before\n\n`);
  return Buffer.concat([before, event, COMMENT, Buffer.from("data: behind\n\n")]);
}

describe("an event with the bare payload", () => {
  it("arrives as that payload, with line ends made alike and what is not UTF-8 as base64", () => {
    fc.assert(
      fc.property(head, payload, fc.nat({ max: 400 }), (given, body, cut) => {
        const parser = parsed(surrounded(payloadEvent(given, body)), cut);
        const text = isUtf8(body) ? body.toString().replace(/\r\n?/g, "\n") : body.toString("base64");
        const name = given.event?.replace(/[\r\n]/g, " ");
        expect(parser.events).toStrictEqual([
          { type: "message", data: "before", lastEventId: "0" },
          {
            type: name === undefined || name === "" ? "message" : name,
            data: text,
            lastEventId: given.cursor ?? "0",
          },
          { type: "message", data: "behind", lastEventId: given.cursor ?? "0" },
        ]);
        expect(parser.comments).toStrictEqual(isUtf8(body) ? [""] : ["base64", ""]);
        expect(parser.retryMs).toBe(1200);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is plain to read", () => {
    expect(payloadEvent({ ...HEAD, event: "said" }, Buffer.from("a\r\nb\rc\n")).toString()).toBe(
      "id: k3j9x0ab-2s\nevent: said\ndata: a\ndata: b\ndata: c\ndata: \n\n",
    );
  });

  it("of a live channel has no id", () => {
    expect(payloadEvent({ ...HEAD, cursor: undefined }, Buffer.from("x")).toString()).toBe("data: x\n\n");
  });

  it("dispatches an empty payload, too", () => {
    expect(parsed(payloadEvent(HEAD, Buffer.alloc(0)), 0).events).toMatchObject([{ data: "" }]);
  });
});

describe("an event with the whole message", () => {
  it("arrives as one line of JSON from which every payload can be had exactly", () => {
    fc.assert(
      fc.property(head, payload, fc.nat({ max: 400 }), (given, body, cut) => {
        const [, event] = parsed(surrounded(objectEvent(given, body)), cut).events;
        const message: unknown = JSON.parse(event?.data ?? "");
        const { data, encoding } = message as { data: unknown; encoding?: string };
        expect(message).toMatchObject({ channel: given.channel, time: given.time });
        expect(message).not.toHaveProperty("type");
        switch (encoding) {
          case undefined:
            expect(data).toStrictEqual(JSON.parse(body.toString()));
            break;
          case "text":
            expect(Buffer.from(String(data))).toStrictEqual(body);
            break;
          default:
            expect(Buffer.from(String(data), "base64")).toStrictEqual(body);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("withoutId", () => {
  it("leaves the same event without its id", () => {
    fc.assert(
      fc.property(head, payload, (given, body) => {
        expect(Buffer.from(withoutId(payloadEvent(given, body))).toString()).toBe(
          payloadEvent({ ...given, cursor: undefined }, body).toString(),
        );
      }),
    );
  });
});

describe("withId", () => {
  it("leaves the same event with another id", () => {
    fc.assert(
      fc.property(head, payload, (given, body) => {
        expect(Buffer.from(withId("zzzzzzzz-1", payloadEvent(given, body))).toString()).toBe(
          payloadEvent({ ...given, cursor: "zzzzzzzz-1" }, body).toString(),
        );
      }),
    );
  });
});

describe("what the node says itself", () => {
  it("is an event with one line of JSON", () => {
    const text = ownEventText("reset", { channel: "chat.a", reason: "expired" }, "k3j9x0ab-2s");
    expect(parsed(Buffer.from(text), 9).events).toStrictEqual([
      {
        type: "tidegate.reset",
        data: '{"channel":"chat.a","reason":"expired"}',
        lastEventId: "k3j9x0ab-2s",
      },
    ]);
  });

  it("is a checkpoint that moves the id and dispatches nothing", () => {
    const parser = parsed(Buffer.from(checkpointText("k3j9x0ab-2t")), 3);
    expect(parser.events).toStrictEqual([]);
    expect(parser.lastEventId).toBe("k3j9x0ab-2t");
  });

  it("is a comment that changes nothing", () => {
    const parser = parsed(Buffer.concat([Buffer.from("id: 1\n\n"), COMMENT]), 2);
    expect(parser).toMatchObject({ events: [], lastEventId: "1", comments: [""] });
  });

  it("is a wait in whole milliseconds", () => {
    expect(parsed(Buffer.from(retryText(1234.56)), 0).retryMs).toBe(1235);
  });
});
