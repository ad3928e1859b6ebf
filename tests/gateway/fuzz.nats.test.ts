import { CLIENT_MESSAGES } from "@tidegate/protocol";
import { readEnvironment } from "@tidegate/runtime";
import { connectPlainNats, encodeFrame, openClient, openRawSocket, startNats } from "@tidegate/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { metric, openNode, seriesOf, testToken } from "./open-node.ts";

/** `FUZZ_FRAMES=100000 npx vitest run tests/gateway/fuzz.nats.test.ts` for the long run. */
const FRAMES = Number(readEnvironment()["FUZZ_FRAMES"] ?? 4000);
/** The most frames that one connection gets before the next takes over: flooding closes it anyway. */
const PER_CONNECTION = 100;

interface FuzzFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly fin: boolean;
  readonly rsv1: boolean;
}

/** Stands where the next id of the connection goes, so that most messages get past the rule of ids. */
const NEXT_ID = 987_654_321;
const types = CLIENT_MESSAGES.map((message) => message.type);
const example = fc.constantFrom(
  ...CLIENT_MESSAGES.map((message) => json({ ...message.example, id: NEXT_ID })),
);
const channel = fc.constantFrom(
  "chat.a",
  "chat.*",
  "orders.1",
  "nope.x",
  ">",
  "chat..a",
  "demo.echo",
  "chat.healthy.not",
);

/** Valid messages with one field replaced by anything, so that the fuzz gets past the parser. */
const nearlyValid = fc
  .tuple(fc.constantFrom(...CLIENT_MESSAGES), fc.nat(), fc.oneof(fc.anything(), channel), channel)
  .map(([message, pick, value, name]) => {
    const fields = Object.keys(message.fields);
    const field = fields[pick % Math.max(1, fields.length)] ?? "id";
    return json({ ...message.example, channel: name, method: name, id: NEXT_ID, [field]: value });
  });

const ofUnknownType = fc
  .tuple(example, fc.constantFrom(...types, "constructor", "__proto__", "message"))
  .map(([text, type]) => text.replace(/"type":"\w+"/, `"type":"${type}"`));

const mutated = fc.tuple(example, fc.nat(), fc.integer({ min: 1, max: 127 })).map(([text, at, code]) => {
  const index = at % text.length;
  return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
});

const text: fc.Arbitrary<string> = fc.oneof(
  fc.json(),
  fc.string({ unit: "binary" }),
  example,
  nearlyValid,
  ofUnknownType,
  mutated,
  fc.constantFrom("[".repeat(5000), '{"a":'.repeat(3000), "\0", "\n", '{"type":"ping"}\n\0', "", " "),
);

const bytes = fc.uint8Array({ maxLength: 300 });

/** Header line and payload, or something like it. */
const binary = fc
  .tuple(fc.oneof(nearlyValid, text), fc.constantFrom("\n", "", "\r"), bytes)
  .map(([head, separator, body]) => Buffer.concat([Buffer.from(head + separator), body]));

const whole = { fin: fc.constant(true), rsv1: fc.constant(false) };
const frame: fc.Arbitrary<FuzzFrame> = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({
      opcode: fc.constant(1),
      payload: text.map((value) => Buffer.from(value)),
      ...whole,
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({ opcode: fc.constant(2), payload: fc.oneof(binary, bytes), ...whole }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      opcode: fc.constantFrom(9, 10),
      payload: fc.uint8Array({ maxLength: 125 }),
      ...whole,
    }),
  },
  // What breaks RFC 6455, and ends the connection.
  {
    weight: 1,
    arbitrary: fc.record({
      opcode: fc.nat({ max: 15 }),
      payload: bytes,
      fin: fc.boolean(),
      rsv1: fc.boolean(),
    }),
  },
);

function withId(payload: Uint8Array, id: number): Uint8Array {
  const text = Buffer.from(payload).toString("latin1");
  return text.includes(String(NEXT_ID))
    ? Buffer.from(text.replace(String(NEXT_ID), String(id)), "latin1")
    : payload;
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "{}";
  }
}

test(`${FRAMES} fuzzed messages crash nothing and disturb nobody`, async () => {
  const nats = await startNats({ own: true });
  const node = await openNode(nats.url, {
    LIMITS_MESSAGES_PER_SECOND: "100000",
    LIMITS_MESSAGE_BURST: "100000",
  });
  const token = await testToken();
  const healthy = openClient(`${node.url}?channels=chat.healthy&access_token=${token}`);
  await healthy.next("subscribed");
  const backend = await connectPlainNats(nats.url);
  let sent = 0;
  let connections = 0;
  /** Frames that reached the node's code; what comes behind a broken one does not. */
  let handled = 0;
  try {
    while (handled < FRAMES) {
      connections += 1;
      const socket = await openRawSocket(Number(new URL(node.url).port));
      await socket.handshake({ path: `/v1/ws?access_token=${token}` });
      let nextId = 0;
      const batch = fc.sample(frame, {
        numRuns: PER_CONNECTION,
        seed: 20_000 + connections,
      });
      for (const { opcode, payload, fin, rsv1 } of batch) {
        nextId += 1;
        await socket.write(encodeFrame({ opcode, payload: withId(payload, nextId), fin, rsv1 }));
      }
      sent += batch.length;
      // An orderly end makes the node work through all of it; it may have cut the connection long before.
      await socket.write(encodeFrame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) }));
      await socket.ended;
      await socket.close();
      handled = await metric(node, "tidegate_messages_in_total");
      if (connections % 10 === 1) {
        backend.publish("rt.chat.healthy", String(connections));
        expect(await healthy.next("message")).toMatchObject({ data: connections });
      }
    }
    const errors = await seriesOf(node, "tidegate_errors_total");
    const closes = await seriesOf(node, "tidegate_closes_total");
    // The fuzz has to have reached the handlers, or it shows nothing.
    for (const code of ["malformed", "unknown_type", "invalid_field", "duplicate_id", "forbidden"]) {
      expect(errors[`code="${code}"`], code).toBeGreaterThan(0);
    }
    expect(errors['code="internal_error"']).toBe(0);
    expect(closes['code="internal_error"']).toBe(0);
    expect(node.log()).not.toContain('"level":"error"');
    if (readEnvironment()["FUZZ_FRAMES"] !== undefined) {
      process.stdout.write(`${JSON.stringify({ sent, handled, connections, errors, closes })}\n`);
    }
  } finally {
    await backend.close();
    await healthy[Symbol.asyncDispose]();
    await node[Symbol.asyncDispose]();
    await nats.stop();
  }
}, 280_000);
