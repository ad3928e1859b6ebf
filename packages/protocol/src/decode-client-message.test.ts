import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIENT_MESSAGES } from "./client-messages.ts";
import { decodeClientMessage } from "./decode-client-message.ts";

type Check = (value: unknown) => boolean;

const isId: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const isDelay: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isShort =
  (limit: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= limit;
const isChannels: Check = (value) =>
  Array.isArray(value) && value.length <= 1_000 && value.every((item) => isShort(800)(item));
const isName: Check = (value) =>
  typeof value === "string" && /^[^\p{Cc}]+$/u.test(value) && value.length <= 128;
const isEventName: Check = (value) => isName(value) && !String(value).startsWith("tidegate.");
const isLimit: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1_000;
const isEncoding: Check = (value) => value === "text" || value === "base64";
const isFlag: Check = (value) => typeof value === "boolean";
const isAny: Check = () => true;

/** The field tables of PROTOCOL.md a second time, written by hand, as a reference. */
const TABLES: Readonly<
  Record<string, { readonly [name: string]: readonly ["required" | "optional", Check] }>
> = {
  connect: {
    id: ["required", isId],
    token: ["optional", isShort(16_384)],
    channels: ["optional", isChannels],
    binary: ["optional", isFlag],
  },
  subscribe: {
    id: ["required", isId],
    channel: ["required", isShort(800)],
    since: ["optional", isShort(128)],
    replay: ["optional", isLimit],
  },
  unsubscribe: { id: ["required", isId], channel: ["required", isShort(800)] },
  publish: {
    id: ["required", isId],
    channel: ["required", isShort(800)],
    data: ["optional", isAny],
    encoding: ["optional", isEncoding],
    event: ["optional", isEventName],
    key: ["optional", isName],
    traceparent: ["optional", isAny],
    tracestate: ["optional", isAny],
  },
  request: {
    id: ["required", isId],
    method: ["required", isShort(800)],
    data: ["optional", isAny],
    encoding: ["optional", isEncoding],
    timeout: ["optional", isDelay],
    traceparent: ["optional", isAny],
    tracestate: ["optional", isAny],
  },
  history: {
    id: ["required", isId],
    channel: ["required", isShort(800)],
    before: ["optional", isShort(128)],
    after: ["optional", isShort(128)],
    limit: ["optional", isLimit],
  },
  refresh: { id: ["required", isId], token: ["required", isShort(16_384)] },
  ping: { id: ["required", isId] },
};

function violation(message: Readonly<Record<string, unknown>>): string | undefined {
  const type = message["type"];
  const table = typeof type === "string" && Object.hasOwn(TABLES, type) ? TABLES[type] : undefined;
  if (table === undefined) {
    return "type";
  }
  return Object.entries(table).find(([name, [presence, check]]) =>
    Object.hasOwn(message, name) ? !check(message[name]) : presence === "required",
  )?.[0];
}

const fieldValue = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom(
    0,
    1,
    2,
    2 ** 53,
    1.5,
    "text",
    "base64",
    "",
    "a\nb",
    "tidegate.x",
    1_000,
    1_001,
    true,
    null,
    ["a"],
    [1],
  ),
  fc.constantFrom(128, 129, 800, 801, 16_384, 16_385).map((length) => "c".repeat(length)),
);
const fieldName = fc.constantFrom(
  "id",
  "type",
  "channel",
  "channels",
  "token",
  "binary",
  "data",
  "encoding",
  "event",
  "method",
  "timeout",
  "since",
  "replay",
  "key",
  "traceparent",
  "tracestate",
  "before",
  "after",
  "limit",
  "__proto__",
  "constructor",
  "unknown",
);
/** A message of the tables, with a few fields replaced, added or removed. */
const nearMessage = fc
  .tuple(
    fc.constantFrom(...CLIENT_MESSAGES.map((definition) => definition.example)),
    fc.array(fc.tuple(fieldName, fc.option(fieldValue, { nil: undefined })), { maxLength: 3 }),
  )
  .map(([example, changes]) => {
    const fields = new Map(Object.entries(example));
    for (const [name, value] of changes) {
      if (value === undefined) {
        fields.delete(name);
      } else {
        fields.set(name, value);
      }
    }
    return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  });

describe("decodeClientMessage", () => {
  it("accepts a message if and only if it keeps to its field table, and names a field that does not", () => {
    fc.assert(
      fc.property(nearMessage, (text) => {
        const message = JSON.parse(text) as Readonly<Record<string, unknown>>;
        const decoded = decodeClientMessage(text);
        const wrong = violation(message);
        if (decoded.ok) {
          expect(wrong).toBeUndefined();
          // As text: an own `constructor` confuses the comparison of objects.
          expect(JSON.stringify(decoded.message)).toBe(JSON.stringify(message));
        } else {
          expect(decoded.code).toBe(wrong === "type" ? "unknown_type" : "invalid_field");
          expect(decoded.message).toMatch(new RegExp(`^"${wrong}" must be `));
          expect(decoded.id).toBe(
            Object.hasOwn(message, "id") && isId(message["id"]) ? message["id"] : undefined,
          );
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("never throws and never accepts what is not a client message", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.tuple(nearMessage, fc.nat(200)).map(([message, length]) => message.slice(0, length)),
    );
    fc.assert(
      fc.property(text, (frame) => {
        const decoded = decodeClientMessage(frame);
        if (decoded.ok) {
          expect(violation(JSON.parse(frame) as Readonly<Record<string, unknown>>)).toBeUndefined();
        } else {
          expect(["malformed", "unknown_type", "invalid_field"]).toContain(decoded.code);
          expect(decoded.message).not.toBe("");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(["", " ", "{", "nul", '{"type":"ping","id":1}x', "{'type':'ping'}", "\uFEFF{}", '{"id":1,}'])(
    "refuses %j as malformed: it is not JSON",
    (text) => {
      expect(decodeClientMessage(text)).toMatchObject({ ok: false, code: "malformed", id: undefined });
    },
  );

  it.each(["null", "[]", '[{"type":"ping","id":1}]', '"ping"', "1", "true"])(
    "refuses %j as malformed: it is not an object",
    (text) => {
      expect(decodeClientMessage(text)).toMatchObject({ ok: false, code: "malformed", id: undefined });
    },
  );

  it.each([
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "Ping",
    "",
    "message",
    "connected",
  ])("does not know the type %j, and still says which message it refuses", (type) => {
    expect(decodeClientMessage(JSON.stringify({ type, id: 3 }))).toMatchObject({
      code: "unknown_type",
      id: 3,
    });
  });

  it.each(['{"id":3}', '{"type":null,"id":3}', '{"type":["ping"],"id":3}', '{"type":7,"id":3}'])(
    "refuses %s, whose type is no string",
    (text) => {
      expect(decodeClientMessage(text)).toMatchObject({ code: "unknown_type", id: 3 });
    },
  );

  it("takes no field from a prototype", () => {
    expect(decodeClientMessage('{"type":"ping","__proto__":{"id":1}}')).toMatchObject({
      code: "invalid_field",
      id: undefined,
    });
    expect(decodeClientMessage('{"__proto__":{"type":"ping","id":1}}')).toMatchObject({
      code: "unknown_type",
      id: undefined,
    });
    expect(Object.getPrototypeOf({})).not.toHaveProperty("id");
  });

  it("gives no id that could not be answered exactly", () => {
    for (const id of ["0", "-1", "1.5", "9007199254740992", '"1"', "null"]) {
      expect(decodeClientMessage(`{"type":"ping","id":${id}}`)).toMatchObject({
        code: "invalid_field",
        id: undefined,
      });
    }
  });

  it("ignores fields that it does not know", () => {
    const decoded = decodeClientMessage('{"type":"ping","id":1,"members":"x","constructor":{}}');
    expect(decoded).toMatchObject({ ok: true, message: { type: "ping", id: 1 } });
  });

  it.each(["tidegate.reset", "tidegate.", "tidegate.end "])(
    "keeps the event name %j for the node, which alone may send it to event streams",
    (event) => {
      const text = JSON.stringify({ type: "publish", id: 1, channel: "chat.lobby", data: 1, event });
      expect(decodeClientMessage(text)).toMatchObject({ code: "invalid_field", id: 1 });
    },
  );

  it("leaves it to others whether a cursor is one, and which go together", () => {
    const text =
      '{"type":"subscribe","id":1,"channel":"chat.lobby","since":"no cursor","replay":5,"before":7}';
    expect(decodeClientMessage(text)).toMatchObject({ ok: true });
  });

  it("does not take null for an absent field", () => {
    expect(decodeClientMessage('{"type":"connect","id":1,"token":null}')).toMatchObject({
      code: "invalid_field",
      message: expect.stringMatching(/^"token" must be/) as string,
    });
  });

  it("survives nesting deeper than a recursive reader could follow", () => {
    const deep = `{"type":"ping","id":1,"x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    expect(decodeClientMessage(deep)).toMatchObject({ ok: true });
    expect(decodeClientMessage("[".repeat(60_000))).toMatchObject({ code: "malformed" });
  });
});
