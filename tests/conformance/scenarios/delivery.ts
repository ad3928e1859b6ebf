import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { range, receive, receiveData, receiveNothing } from "../context.ts";
import { onEveryTransport, type Scenario } from "../scenario.ts";
import { accepted } from "../transports/http-client.ts";
import type { Json } from "../transports/read-message.ts";

interface Payload {
  readonly name: string;
  readonly sent: Json;
  /** Default: as sent. */
  readonly received?: Json;
}

const base64 = (...bytes: readonly number[]): Json => ({
  data: Buffer.from(bytes).toString("base64"),
  encoding: "base64",
});
const text = (data: string): Json => ({ data, encoding: "text" });

const PAYLOADS: readonly Payload[] = [
  { name: "an object", sent: { data: { a: [1, null, true, { b: "c" }], "": "" } } },
  { name: "a list", sent: { data: [] } },
  { name: "a number", sent: { data: -1.5e-7 } },
  { name: "false", sent: { data: false } },
  { name: "null", sent: { data: null } },
  { name: "a JSON string", sent: { data: 'quoted "and" escaped \\ \u0000 \u2028' } },
  { name: "text", sent: text("plain words") },
  { name: "text of several lines", sent: text("one\ntwo\r\nthree\rfour\n\nsix\n") },
  { name: "text that looks like an event stream", sent: text("data: x\nid: 1\n\nevent: tidegate.reset\n:") },
  { name: "text with blanks around", sent: text("  \t text  ") },
  { name: "text beyond ASCII", sent: text("\u00e9\u0416\u4e2d\u{1f30a}\u{10ffff}\ufeff") },
  { name: "text with control characters", sent: text("\u0000\u0001\u001b[0m\u007f\u2028\u2029") },
  { name: "text that is JSON", sent: text('{"a":1}'), received: { data: { a: 1 } } },
  { name: "nothing", sent: text("") },
  { name: "bytes", sent: base64(0, 255, 254, 10, 13, 128) },
  { name: "a character broken off", sent: base64(0xe2, 0x98) },
  { name: "bytes that are text", sent: base64(0x61, 0xc3, 0xa9), received: text("a\u00e9") },
  { name: "a large payload", sent: { data: "x".repeat(20_000) } },
];

export const DELIVERY: readonly Scenario[] = [
  onEveryTransport("payloads of every kind arrive as they were published", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    for (const { name, sent, received = sent } of PAYLOADS) {
      await context.publish(channel, sent);
      const [message] = await receive(stream, 1);
      assert.deepEqual(
        { data: message?.data, encoding: message?.encoding },
        { encoding: undefined, ...received },
        name,
      );
    }
  }),

  onEveryTransport("JSON passes through as it was written", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    for (const json of [
      "12345678901234567890",
      '{"a":1,"a":2}',
      "1.0",
      '"\\u0041"',
      '{ "spaced" : [ 1 ] }',
    ]) {
      const body = `{"channel":"${channel}","data":${json}}`;
      accepted(await context.http("/v1/publish", { method: "POST", body }));
      const [message] = await receive(stream, 1);
      assert.ok(message?.text.includes(`"data":${json}`), `${json} in ${message?.text}`);
    }
  }),

  onEveryTransport("event names arrive, and are absent where there are none", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    const names = ["said", "two words", "a:b", "\u00e9v\u00e9nement", "message", "n".repeat(128)];
    for (const event of [...names, undefined]) {
      await context.publish(channel, { event });
      const [message] = await receive(stream, 1);
      assert.equal(message?.event, event);
    }
    await context.publish(channel, { event: "  blanks " });
    const [message] = await receive(stream, 1);
    assert.equal(message?.event, "\ufffdblanks\ufffd");
  }),

  onEveryTransport("messages arrive in the order in which they were published", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    await context.publishEach(channel, range(1, 30));
    assert.deepEqual(await receiveData(stream, 30), range(1, 30));
    await receiveNothing(stream);
  }),

  onEveryTransport("a message tells channel, cursor, time, and who published it", async (context) => {
    const channel = context.channel();
    const stream = await context.subscribe([channel]);
    const before = Date.now();
    const { cursor } = await context.publish(channel, { data: 1 });
    const [message] = await receive(stream, 1);
    assert.equal(message?.channel, channel);
    assert.equal(message?.cursor, cursor);
    // Clocks differ; what matters is the unit and that it is about now.
    assert.ok(Math.abs((message?.time ?? 0) - before) < 600_000, `time is ${message?.time}`);
    assert.equal(typeof message?.from?.connection, "string");
    assert.equal(typeof message?.from?.user, "string");
  }),

  onEveryTransport("a client gets nothing of channels that it did not ask for", async (context) => {
    const channel = context.channel("a");
    const stream = await context.subscribe([channel]);
    await context.publish(context.channel("b"), { data: "b" });
    await context.publish(`${channel}.c`, { data: "c" });
    await context.publish(channel, { data: "a" });
    assert.deepEqual(await receiveData(stream, 1), ["a"]);
    await receiveNothing(stream);
  }),

  onEveryTransport("a pattern brings the channels that it names, and tells which", async (context) => {
    const one = await context.subscribe([context.channel("p.*")]);
    const many = await context.subscribe([context.channel("p.>")]);
    const names = ["p.a", "p.b.c", "p", "q.a", "p.d"].map((name) => context.channel(name));
    for (const channel of names) {
      await context.publish(channel, { data: channel });
    }
    const channelsOf = async (stream: typeof one, count: number): Promise<readonly string[]> =>
      (await receive(stream, count)).map(({ channel }) => channel);
    assert.deepEqual(await channelsOf(one, 2), [names[0], names[4]]);
    await receiveNothing(one);
    assert.deepEqual(await channelsOf(many, 3), [names[0], names[1], names[4]]);
    await receiveNothing(many);
  }),
];
