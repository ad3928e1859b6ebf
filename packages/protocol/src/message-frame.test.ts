import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePosition } from "./cursor.ts";
import type { Field } from "./field.ts";
import {
  type MessageHead,
  messageFrame,
  messageHeaderLine,
  messageObject,
  replyFrame,
  replyHeaderLine,
  type TextPayload,
} from "./message-frame.ts";
import { message } from "./messages/message.ts";
import { reply } from "./messages/reply.ts";
import { topLevelValue } from "./top-level-value.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const channel = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_=@,;:-]{1,8}$/), { minLength: 1, maxLength: 8 })
  .map((tokens) => tokens.join("."));
const head: fc.Arbitrary<MessageHead> = fc.record({
  channel,
  event: fc.option(fc.oneof(text, fc.constantFrom("said", 'a"b', "\\", "a\nb", "\u2028", "\ud800")), {
    nil: undefined,
  }),
  from: fc.option(
    fc.record({
      user: fc.option(text, { nil: undefined }),
      connection: fc.stringMatching(/^[a-z0-9-]{1,20}$/),
    }),
    { nil: undefined },
  ),
  time: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  cursor: fc.option(
    fc
      .nat({ max: Number.MAX_SAFE_INTEGER })
      .map((sequence) => encodePosition({ epoch: "k3j9x0ab", sequence })),
    { nil: undefined },
  ),
});
const payload: fc.Arbitrary<TextPayload> = fc.oneof(
  fc.jsonValue().map((value) => ({ json: JSON.stringify(value), encoding: undefined })),
  fc
    .constantFrom("12345678901234567890", '{ "a": 1.0 }', '{"a":1,"a":2}')
    .map((json) => ({ json, encoding: undefined })),
  fc.tuple(text, fc.constantFrom("text" as const, "base64" as const)).map(([value, encoding]) => ({
    json: JSON.stringify(value),
    encoding,
  })),
);

function expectedHead({ channel: name, event, from, time, cursor }: MessageHead): Record<string, unknown> {
  return {
    type: "message",
    channel: name,
    ...(event === undefined ? {} : { event }),
    ...(from === undefined
      ? {}
      : { from: { ...(from.user === undefined ? {} : { user: from.user }), connection: from.connection } }),
    time,
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** JSON.parse undoes the escapes of lone surrogates, so equality is exact. */
function parsed(line: string): Record<string, unknown> {
  expect(line).not.toMatch(/[\n\r]/);
  return JSON.parse(line) as Record<string, unknown>;
}

function keepsTo(
  fields: Readonly<Record<string, Field<unknown>>>,
  frame: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(frame)) {
    expect(name === "type" || fields[name]?.accepts(value), name).toBe(true);
  }
  for (const [name, field] of Object.entries(fields)) {
    expect(field.optional || Object.hasOwn(frame, name), name).toBe(true);
  }
}

describe("messageFrame", () => {
  it("is one line of JSON that says what it was given, and keeps to the field table", () => {
    fc.assert(
      fc.property(head, payload, (given, body) => {
        const frame = parsed(messageFrame(given, body));
        expect(frame).toStrictEqual({
          ...expectedHead(given),
          data: JSON.parse(body.json) as unknown,
          ...(body.encoding === undefined ? {} : { encoding: body.encoding }),
        });
        keepsTo(message.fields, frame);
      }),
      { numRuns: 1_000 },
    );
  });

  it("carries the payload's JSON text as it is", () => {
    fc.assert(
      fc.property(head, payload, (given, body) => {
        expect(topLevelValue(messageFrame(given, body), "data")).toBe(body.json);
      }),
    );
  });
});

describe("messageObject", () => {
  it("is the frame without its type", () => {
    fc.assert(
      fc.property(head, payload, (given, body) => {
        const { type, ...rest } = parsed(messageFrame(given, body));
        expect(type).toBe("message");
        expect(parsed(messageObject(given, body))).toStrictEqual(rest);
      }),
    );
  });
});

describe("messageHeaderLine", () => {
  it("is the frame without the payload, ended by the only newline", () => {
    fc.assert(
      fc.property(head, (given) => {
        const line = messageHeaderLine(given);
        expect(line.endsWith("\n")).toBe(true);
        const frame = parsed(line.slice(0, -1));
        expect(frame).toStrictEqual(expectedHead(given));
        keepsTo(message.fields, frame);
      }),
    );
  });
});

describe("replyFrame", () => {
  it("is one line of JSON that keeps to the field table", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), payload, (id, body) => {
        const frame = parsed(replyFrame(id, body));
        expect(frame).toStrictEqual({
          type: "reply",
          id,
          data: JSON.parse(body.json) as unknown,
          ...(body.encoding === undefined ? {} : { encoding: body.encoding }),
        });
        keepsTo(reply.fields, frame);
      }),
    );
  });

  it("has no data where the backend replied with no bytes", () => {
    expect(replyFrame(5, undefined)).toBe('{"type":"reply","id":5}');
  });
});

describe("replyHeaderLine", () => {
  it("is the empty reply, ended by a newline", () => {
    expect(replyHeaderLine(5)).toBe(`${replyFrame(5, undefined)}\n`);
  });
});
