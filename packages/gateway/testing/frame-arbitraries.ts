import { encodeFrame, opcodes, type WireFrameOptions } from "@tidegate/testkit";
import fc from "fast-check";

/** What goes over the wire at once. */
export interface FuzzInput {
  /** What it is meant to be. */
  readonly kind: string;
  readonly frames: readonly WireFrameOptions[];
}

/** Stands for an id that was not used before, which only a connection knows. */
const FRESH_ID = 987_654_321;
/** The same in the bytes: a single one, which mutation seldom hits, since all ids below a wrong one would be refused. */
const PLACEHOLDER = "\u0001";

/** The bytes of an input on a connection that has not used `id` yet. */
export function encodeInput(input: FuzzInput, id: number): Buffer {
  return Buffer.concat(
    input.frames.map(({ payload = "", ...frame }) => {
      const text = Buffer.from(payload).toString("latin1").replace(PLACEHOLDER, String(id));
      return encodeFrame({ ...frame, payload: Buffer.from(text, "latin1") });
    }),
  );
}

const channel = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("chat.a", "chat.b", "chat.*", "chat.>", "user.ada.x", "jobs.a") },
  { weight: 3, arbitrary: fc.constantFrom("room.a", "room.b", "room.*", "room", "room._tick", "room.>") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", ".", ">", "*", "chat..a", "secret.a", "chat.\0", "x".repeat(300)),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);
const id = fc.oneof(
  { weight: 20, arbitrary: fc.constant(FRESH_ID) },
  { weight: 1, arbitrary: fc.constantFrom(1, 0, -1, 1.5, 2 ** 53, "1", null, true) },
);
const data = fc.jsonValue({ maxDepth: 3 });
const traceparent = fc.oneof(
  fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
  fc.jsonValue({ maxDepth: 1 }),
);
/** Places in a stream that is not there, now and then in one that might be, and what is no place at all. */
const cursor = fc.oneof(
  fc.constantFrom("zzzzzzzz-0", "k3j9x0ab-2s.zzzzzzzz-1", "", ".", "k3j9x0ab-", "k3j9x0ab-zzzzzzzzzzz", "-1"),
  fc.stringMatching(/^[0-9a-z]{8}-[1-9a-z][0-9a-z]{0,9}$/),
  fc.string({ unit: "binary", maxLength: 140 }),
);
const count = fc.constantFrom(1, 2, 100, 1_000, 0, -1, 1_001, 1.5, "1", null);

/** Messages of the protocol, mostly right. */
const message = fc.oneof(
  fc.record({ type: fc.constant("ping"), id }),
  fc.record({ type: fc.constantFrom("subscribe", "unsubscribe"), id, channel }),
  fc.record(
    { type: fc.constant("subscribe"), id, channel, since: cursor, replay: count },
    { requiredKeys: ["type", "id", "channel"] },
  ),
  fc.record(
    { type: fc.constant("history"), id, channel, before: cursor, after: cursor, limit: count },
    { requiredKeys: ["type", "id", "channel"] },
  ),
  fc.record(
    {
      type: fc.constant("publish"),
      id,
      channel,
      data,
      encoding: fc.constantFrom("text", "base64", "hex"),
      event: fc.string({ unit: "binary", maxLength: 20 }),
      key: fc.string({ unit: "binary", maxLength: 20 }),
      traceparent,
      tracestate: fc.string({ unit: "binary", maxLength: 20 }),
    },
    { requiredKeys: ["type", "id", "channel"] },
  ),
  fc.record(
    {
      type: fc.constant("request"),
      id,
      method: fc.constantFrom("demo.echo", "demo.nobody", "demo", "admin.drop", "demo.*"),
      data,
      timeout: fc.constantFrom(0, 1, 10, -1, 1e9, "soon"),
      traceparent,
    },
    { requiredKeys: ["type", "id", "method"] },
  ),
  fc.record({ type: fc.constantFrom("refresh", "connect"), id, token: fc.string({ maxLength: 40 }) }),
  fc.record({ type: fc.string({ maxLength: 12 }), id, data }),
);
const messageText = message.map((value) => JSON.stringify(value).replace(String(FRESH_ID), PLACEHOLDER));
const right = messageText.map((content) => Buffer.from(content));

/** A message with some of its bytes deleted, doubled or replaced. */
function mutated(highestByte: number): fc.Arbitrary<Buffer> {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom("delete", "double", "replace"),
    fc.nat({ max: highestByte }),
  );
  return fc.tuple(messageText, fc.array(change, { maxLength: 4 })).map(([content, changes]) => {
    // Only ASCII, or a change in the midst of a character would end the connection.
    let result = [...Buffer.from(content.replace(/\P{ASCII}/gu, "?"))];
    for (const [position, kind, byte] of changes) {
      const at = position % (result.length + 1);
      const inserted = kind === "delete" ? [] : kind === "double" ? result.slice(at, at + 2) : [byte];
      result = [...result.slice(0, at), ...inserted, ...result.slice(at + 1)];
    }
    return Buffer.from(result);
  });
}

const bytes = fc.uint8Array({ maxLength: 100 });

function text(kind: string, payload: fc.Arbitrary<string | Uint8Array>): fc.Arbitrary<FuzzInput> {
  return payload.map((content) => ({ kind, frames: [{ payload: content }] }));
}

const fragments: fc.Arbitrary<FuzzInput> = fc
  .tuple(
    fc.oneof(right, mutated(0x7f)),
    fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 5 }),
    fc.constantFrom(opcodes.text, opcodes.binary),
    fc.boolean(),
  )
  .map(([content, cuts, first, pings]) => {
    const frames: WireFrameOptions[] = [];
    let opcode: number = first;
    let rest = content;
    for (const cut of cuts) {
      frames.push({ opcode, fin: false, payload: rest.subarray(0, cut) });
      if (pings) {
        frames.push({ opcode: opcodes.ping, payload: "p" });
      }
      opcode = opcodes.continuation;
      rest = rest.subarray(cut);
    }
    return { kind: "fragments", frames: [...frames, { opcode, payload: rest }] };
  });

const binary: fc.Arbitrary<FuzzInput> = fc
  .tuple(fc.oneof(right, mutated(0xff)), fc.boolean(), bytes)
  .map(([header, hasLine, body]) => ({
    kind: "binary",
    frames: [
      { opcode: opcodes.binary, payload: Buffer.concat([header, Buffer.from(hasLine ? "\n" : ""), body]) },
    ],
  }));

const control: fc.Arbitrary<FuzzInput> = fc
  .tuple(fc.constantFrom(opcodes.ping, opcodes.pong), fc.uint8Array({ maxLength: 125 }))
  .map(([opcode, payload]) => ({ kind: "control", frames: [{ opcode, payload }] }));

/** What a client may send as often as it likes: it is answered, or ignored, and the connection goes on. */
export const harmlessInput: fc.Arbitrary<FuzzInput> = fc.oneof(
  { weight: 30, arbitrary: text("message", right) },
  { weight: 30, arbitrary: text("mutated message", mutated(0x7f)) },
  { weight: 10, arbitrary: text("JSON", fc.json({ maxDepth: 4 })) },
  { weight: 5, arbitrary: text("text", fc.string({ unit: "grapheme", maxLength: 100 })) },
  { weight: 10, arbitrary: fragments },
  { weight: 10, arbitrary: binary },
  { weight: 5, arbitrary: control },
);

/** What may well end the connection. */
export const deadlyInput: fc.Arbitrary<FuzzInput> = fc.oneof(
  text("bytes as text", bytes),
  text("mutated bytes as text", mutated(0xff)),
  fc
    .integer({ min: 1, max: 40_000 })
    .map((size) => ({ kind: "large", frames: [{ payload: "x".repeat(size) }] })),
  fc
    .record({
      opcode: fc.nat({ max: 15 }),
      fin: fc.boolean(),
      rsv1: fc.boolean(),
      rsv2: fc.boolean(),
      rsv3: fc.boolean(),
      mask: fc.boolean(),
      payload: bytes,
      announcedLength: fc.nat({ max: 200 }),
    })
    .map((frame) => ({ kind: "broken frame", frames: [frame] })),
);
