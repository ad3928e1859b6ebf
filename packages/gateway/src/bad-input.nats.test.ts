import { setTimeout as delay } from "node:timers/promises";
import {
  closePayload,
  encodeFrame,
  opcodes,
  openClient,
  type RawSocket,
  type WireFrameOptions,
} from "@tidegate/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Client, type Received, startNode, userToken } from "../testing/running-node.ts";

const FRAME_BYTES = 4_096;
const node = await startNode({
  limits: { frameBytes: FRAME_BYTES, payloadBytes: 2_048, messagesPerSecond: 20, messageBurst: 40 },
  ping: { intervalMs: "1s", pongTimeoutMs: "500ms" },
});
afterAll(() => node[Symbol.asyncDispose]());

const token = await userToken();

/** A client that does nothing wrong; whatever others do, it goes on getting messages. */
let witness: Client;
beforeAll(async () => {
  witness = await node.subscriber(["chat.witness"]);
});
afterEach(async () => {
  node.publish("chat.witness", "1");
  await witness.next("message");
});

/** A TCP connection that is authenticated, for frames that no library would send. */
async function rawUser(): Promise<RawSocket> {
  const socket = await node.raw({ query: `access_token=${token}` });
  await socket.readFrame();
  return socket;
}

async function closeCode(socket: RawSocket): Promise<number> {
  for (;;) {
    const frame = await socket.readFrame();
    if (frame.opcode === opcodes.close) {
      return frame.payload.readUInt16BE();
    }
  }
}

function text(message: object): WireFrameOptions {
  return { payload: JSON.stringify(message) };
}

async function readMessage(socket: RawSocket): Promise<Received> {
  for (;;) {
    const frame = await socket.readFrame();
    const message =
      frame.opcode === opcodes.text ? (JSON.parse(frame.payload.toString()) as Received) : undefined;
    if (message !== undefined && message.type !== "ping") {
      return message;
    }
  }
}

describe("a frame that is no message", () => {
  it.each([
    ["no JSON", "{nonsense", "malformed"],
    ["nothing", "", "malformed"],
    ["an array", "[]", "malformed"],
    ["null", "null", "malformed"],
    ["a string", '"ping"', "malformed"],
    ["a number", "42", "malformed"],
    ["two objects", '{"type":"ping","id":2}{"type":"ping","id":3}', "malformed"],
    ["JSON nested deep", "[".repeat(4_000), "malformed"],
    ["no type", '{"id":2}', "unknown_type"],
    ["an unknown type", '{"type":"shout","id":2}', "unknown_type"],
    ["a type that is none", '{"type":{"ping":1},"id":2}', "unknown_type"],
    ["a type of Object.prototype", '{"type":"constructor","id":2}', "unknown_type"],
    ["a message of the other side", '{"type":"connected","id":2}', "unknown_type"],
    ["no id", '{"type":"ping"}', "invalid_field"],
    ["an id of another kind", '{"type":"ping","id":"2"}', "invalid_field"],
    ["an id too large", '{"type":"ping","id":9007199254740992}', "invalid_field"],
    ["a negative id", '{"type":"ping","id":-2}', "invalid_field"],
    ["null for a field", '{"type":"subscribe","id":2,"channel":null}', "invalid_field"],
    ["a field of __proto__ alone", '{"__proto__":{"type":"ping","id":2}}', "unknown_type"],
    ["a wrong channel", '{"type":"subscribe","id":2,"channel":"chat..a"}', "channel_invalid"],
    [
      "a channel of control characters",
      '{"type":"subscribe","id":2,"channel":"chat.a\\u0000"}',
      "channel_invalid",
    ],
    [
      "a subject of NATS that is no channel",
      '{"type":"subscribe","id":2,"channel":"$SYS.>"}',
      "channel_invalid",
    ],
  ])("is refused, and the connection goes on: %s", async (_what, frame, code) => {
    await node.counts(`tidegate_errors_total{code="${code}"}`, async () => {
      await using client = await node.connect();
      client.sendText(frame);
      const error = await client.next("error");
      expect(error).toMatchObject({ code, retryable: false, message: expect.any(String) });
      const hasId = code === "unknown_type" || code === "channel_invalid" || frame.includes('"channel":null');
      expect(error.id).toBe(hasId && !frame.includes("__proto__") ? 2 : undefined);
      client.send({ type: "ping", id: 10 });
      expect(await client.next("ok")).toMatchObject({ id: 10 });
    });
  });

  it.each([
    ["no line", Buffer.from("no line at all")],
    ["a line that is no JSON", Buffer.from("nonsense\n")],
    [
      "a line that is not UTF-8",
      Buffer.concat([
        Buffer.from('{"type":"publish","id":2,"channel":"chat.a","event":"'),
        Buffer.from([0xff]),
        Buffer.from('"}\n1'),
      ]),
    ],
    ["nothing", Buffer.alloc(0)],
  ])("is refused in binary, too: %s", async (_what, frame) => {
    await using client = await node.connect();
    client.sendBinary(frame);
    expect(await client.next("error")).toMatchObject({ code: "malformed" });
  });

  it("is refused in binary with a payload where none belongs, or two", async () => {
    await using client = await node.connect();
    client.sendBinary(Buffer.from('{"type":"ping","id":2}\n'));
    expect(await client.next("error")).toMatchObject({ id: 2, code: "malformed" });
    client.sendBinary(Buffer.from('{"type":"publish","id":3,"channel":"chat.a","data":1}\n2'));
    expect(await client.next("error")).toMatchObject({ id: 3, code: "invalid_field" });
  });

  it("is refused for an id used before, without an id: that one is answered once", async () => {
    await using client = await node.connect();
    for (const id of [2, 2, 1]) {
      client.send({ type: "ping", id });
    }
    expect(await client.next("ok")).toMatchObject({ id: 2 });
    for (let count = 0; count < 2; count += 1) {
      const error = await client.next("error");
      expect(error.code).toBe("duplicate_id");
      expect(error).not.toHaveProperty("id");
    }
  });
});

describe("a frame too large", () => {
  function frameOf(size: number): string {
    const empty = JSON.stringify({ type: "ping", id: 2, x: "" });
    return empty.replace('""', `"${"x".repeat(size - empty.length)}"`);
  }

  it("closes with 4505, one at the limit does not", async () => {
    await using client = await node.connect();
    expect(frameOf(FRAME_BYTES)).toHaveLength(FRAME_BYTES);
    client.sendText(frameOf(FRAME_BYTES));
    expect(await client.next("ok")).toMatchObject({ id: 2 });
    await node.counts('tidegate_closes_total{code="frame_too_large"}', async () => {
      client.sendText(frameOf(FRAME_BYTES + 1));
      expect((await client.closed).code).toBe(4505);
    });
  });

  it("closes with 4505 in fragments, too", async () => {
    await using socket = await rawUser();
    await socket.writeFrame({ fin: false, payload: "x".repeat(FRAME_BYTES) });
    await socket.writeFrame({ opcode: opcodes.continuation, payload: "x" });
    expect(await closeCode(socket)).toBe(4505);
  });

  it.each([
    ["far above the limit", { payload: "x".repeat(100_000) }],
    ["announced as far above the limit", { payload: "x", announcedLength: 2n ** 40n }],
    ["announced as more than there is", { payload: "x", announcedLength: 2n ** 63n - 1n }],
  ])("is cut off %s", async (_what, frame) => {
    await using socket = await rawUser();
    await node.counts('tidegate_closes_total{code="frame_too_large"}', async () => {
      await socket.writeFrame(frame);
      await socket.ended;
    });
  });

  it("is cut off far above the limit before authentication, too", async () => {
    await using socket = await node.raw();
    await node.counts('tidegate_closes_total{code="frame_too_large"}', async () => {
      await socket.writeFrame({ payload: "x".repeat(200_000) });
      await socket.ended;
    });
  });
});

describe("a broken frame", () => {
  it.each<[string, readonly WireFrameOptions[]]>([
    ["text that is not UTF-8", [{ payload: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }]],
    ["a character broken off", [{ payload: Buffer.from([0xe2, 0x98]) }]],
    [
      "reserved bit 1, which is compression that was not agreed on",
      [{ ...text({ type: "ping", id: 2 }), rsv1: true }],
    ],
    ["reserved bit 2", [{ ...text({ type: "ping", id: 2 }), rsv2: true }]],
    ["reserved bit 3", [{ ...text({ type: "ping", id: 2 }), rsv3: true }]],
    ["a reserved opcode", [{ ...text({ type: "ping", id: 2 }), opcode: 3 }]],
    ["a reserved control opcode", [{ opcode: 11 }]],
    ["a continuation of nothing", [{ opcode: opcodes.continuation, payload: "x" }]],
    ["a message within another", [{ fin: false, payload: "{" }, text({ type: "ping", id: 2 })]],
    ["a ping in fragments", [{ opcode: opcodes.ping, fin: false, payload: "x" }]],
    ["a ping too large", [{ opcode: opcodes.ping, payload: "x".repeat(126) }]],
    ["a close with a code that must not be sent", [{ opcode: opcodes.close, payload: closePayload(1006) }]],
    [
      "a close with a reason that is not UTF-8",
      [{ opcode: opcodes.close, payload: closePayload(1000, Buffer.from([0xff])) }],
    ],
  ])("is cut off and counted: %s", async (_what, frames) => {
    await using socket = await rawUser();
    await node.counts('tidegate_closes_total{code="protocol_violation"}', async () => {
      for (const frame of frames) {
        await socket.writeFrame(frame);
      }
      await socket.ended;
    });
  });

  it("without a mask is never taken for what it says", async () => {
    const published = node.backend.subscribe(`${node.prefix}.chat.unmasked`);
    await using socket = await rawUser();
    // uWebSockets.js takes the first four bytes for a mask whatever the header says.
    await socket.writeFrame({
      ...text({ type: "publish", id: 2, channel: "chat.unmasked", data: "unmasked" }),
      mask: false,
    });
    await socket.writeFrame(text({ type: "publish", id: 3, channel: "chat.unmasked", data: "masked" }));
    node.publish("chat.unmasked", '"end"');
    for await (const message of published) {
      expect(message.string()).not.toContain("unmasked");
      if (message.string() === '"end"') {
        break;
      }
    }
  });
});

describe("what is unusual but right", () => {
  it("is a message in fragments, with a ping between them", async () => {
    await using socket = await rawUser();
    const [first, second, third] = ['{"type":', '"ping",', '"id":2}'];
    await socket.write(
      Buffer.concat([
        encodeFrame({ fin: false, payload: first ?? "" }),
        encodeFrame({ opcode: opcodes.ping, payload: "are you there?" }),
        encodeFrame({ opcode: opcodes.continuation, fin: false, payload: second ?? "" }),
        encodeFrame({ opcode: opcodes.continuation, payload: third ?? "" }),
      ]),
    );
    const pong = await socket.readFrame();
    expect([pong.opcode, pong.payload.toString()]).toStrictEqual([opcodes.pong, "are you there?"]);
    expect(await readMessage(socket)).toStrictEqual({ type: "ok", id: 2 });
  });

  it("is a message a byte at a time", async () => {
    await using socket = await rawUser();
    await socket.writeSlowly(encodeFrame(text({ type: "ping", id: 2 })), 1);
    expect(await readMessage(socket)).toStrictEqual({ type: "ok", id: 2 });
  });

  it("is a close without a code, and a goodbye without any", async () => {
    await node.counts('tidegate_closes_total{code="client"}', async () => {
      await using socket = await rawUser();
      await socket.writeFrame({ opcode: opcodes.close });
      await socket.ended;
    });
    for (const leave of ["endWrites", "reset"] as const) {
      await node.counts('tidegate_closes_total{code="abnormal"}', async () => {
        const socket = await rawUser();
        socket[leave]();
        await socket.close();
      });
    }
  });

  it("is an offer of compression, which is not taken up", async () => {
    const client = openClient<Received>(node.url(`access_token=${token}`), { compression: true });
    await client.next("connected");
    client.send({ type: "ping", id: 2, padding: "x".repeat(2_000) });
    expect(await client.next("ok")).toMatchObject({ id: 2 });
    await client.close();
  });
});

describe("a flood", () => {
  it("is told to wait, then closed", async () => {
    const client = await node.connect();
    await node.counts('tidegate_closes_total{code="rate_limited"}', async () => {
      for (let id = 2; id < 500; id += 1) {
        client.send({ type: "ping", id });
      }
      expect((await client.closed).code).toBe(4008);
    });
    const answers = client.frames.flatMap((frame) =>
      frame.kind === "text" ? [JSON.parse(frame.text) as Received] : [],
    );
    const limited = answers.filter(({ code }) => code === "rate_limited");
    expect(limited.length).toBeGreaterThan(30);
    expect(
      limited.every(
        ({ id, retryable, retryAfter }) => id !== undefined && retryable === true && Number(retryAfter) > 0,
      ),
    ).toBe(true);
    const ids = answers.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("that heeds the wait goes on", async () => {
    await using client = await node.connect();
    for (let id = 2; id < 62; id += 1) {
      client.send({ type: "ping", id });
    }
    const last = await client.next((message) => message.id === 61);
    expect(last.code).toBe("rate_limited");
    // Timers and the clock of the node do not count from the same point.
    await delay(Number(last["retryAfter"]) + 5);
    client.send({ type: "ping", id: 100 });
    expect(await client.next((message) => message.id === 100)).toMatchObject({ type: "ok" });
  });

  it("of frames that are no messages is closed the same way", async () => {
    const client = await node.connect();
    for (let count = 0; count < 500; count += 1) {
      client.sendText("{");
    }
    expect((await client.closed).code).toBe(4008);
  });
});

describe.concurrent("a client that is gone without a word", () => {
  it("is closed when it answers no ping", async () => {
    await node.counts('tidegate_closes_total{code="no_pong"}', async () => {
      const client = openClient<Received>(node.url(`access_token=${token}`), { answerPings: false });
      expect(await client.closed).toMatchObject({ code: 4003 });
      expect(client.frames.some(({ kind }) => kind === "ping")).toBe(true);
      expect(client.frames.some((frame) => frame.kind === "text" && frame.text === '{"type":"ping"}')).toBe(
        true,
      );
    });
  });

  it("is kept when it answers pings and says nothing else", async () => {
    await using client = await node.connect();
    for (let pings = 0; pings < 3; pings += 1) {
      await client.next("ping");
    }
    client.send({ type: "ping", id: 2 });
    await client.next("ok");
  });
});
