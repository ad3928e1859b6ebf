import { encodeFrame, opcodes, type RawSocket } from "@tidegate/testkit";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  CLOSES,
  CONTROL_FRAMES,
  type FrameCase,
  INVALID_TEXT,
  MESSAGES,
  VIOLATIONS,
} from "../testing/frame-cases.ts";
import { startNode, userToken } from "../testing/running-node.ts";

const { close, continuation, ping, pong, text } = opcodes;

const node = await startNode({ limits: { frameBytes: 128 * 1024, payloadBytes: 100 * 1024 } });
afterAll(() => node[Symbol.asyncDispose]());
const token = await userToken();

/** A TCP connection whose WebSocket is authenticated. */
async function open(query = ""): Promise<RawSocket> {
  const socket = await node.raw({ query: `access_token=${token}${query}` });
  await socket.readFrame();
  return socket;
}

function described({ opcode, payload }: { readonly opcode: number; readonly payload: Buffer }): string {
  const content = payload.toString();
  if (opcode !== text) {
    return `${opcode}:${content}`;
  }
  const { type, code } = JSON.parse(content) as { readonly type: string; readonly code?: string };
  return type === "error" ? `error:${code}` : `${opcode}:${content}`;
}

/** Everything that the node sends until it ends the connection, or answers `last`. */
async function heard(
  socket: RawSocket,
  last?: string,
): Promise<{ answers: string[]; close: Buffer | undefined }> {
  const answers: string[] = [];
  let goodbye: Buffer | undefined;
  for (;;) {
    const frame = await socket.readFrame().catch((error: { readonly code?: string }) => {
      expect(error.code).toBe("socket-closed");
    });
    if (frame === undefined) {
      return { answers, close: goodbye };
    }
    expect(goodbye, "nothing may follow a close").toBeUndefined();
    expect([frame.fin, frame.rsv1, frame.rsv2, frame.rsv3, frame.wasMasked]).toStrictEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    if (frame.opcode === close) {
      goodbye = frame.payload;
    } else if (described(frame) === last) {
      return { answers, close: goodbye };
    } else {
      answers.push(described(frame));
    }
  }
}

const LAST = '{"type":"ping","id":1000}';

async function check(
  { frames, answers = [], end }: FrameCase,
  write: (socket: RawSocket, bytes: Buffer) => Promise<void>,
) {
  await using socket = await open();
  const bytes = frames.map((frame) => encodeFrame(frame));
  if (end === "stays") {
    await write(socket, Buffer.concat([...bytes, encodeFrame({ payload: LAST })]));
    const { answers: got, close: goodbye } = await heard(socket, `${text}:{"type":"ok","id":1000}`);
    expect(goodbye).toBeUndefined();
    expect(got).toStrictEqual(answers);
  } else {
    await write(socket, Buffer.concat(bytes));
    const got = await heard(socket);
    expect(got.close).toStrictEqual(end === "cut" ? undefined : end.close);
    expect(got.answers).toStrictEqual(answers);
    expect(await socket.ended).toBeDefined();
  }
}

function title({ name, deviation }: FrameCase): string {
  return deviation === undefined ? name : `${name} (RFC 6455, ${deviation})`;
}

describe.each([
  ["a message", MESSAGES],
  ["control frames", CONTROL_FRAMES],
  ["a violation of the framing", VIOLATIONS],
  ["text that is not UTF-8", INVALID_TEXT],
  ["a close with", CLOSES],
] as const)("%s", (_title, cases) => {
  it.each(cases.map((entry) => [title(entry), entry] as const))("%s", async (_name, entry) => {
    await check(entry, (socket, bytes) => socket.write(bytes));
    const few = (bytes: Buffer): number => Math.ceil(bytes.length / 6);
    await check(entry, (socket, bytes) => socket.writeSlowly(bytes, 1, few(bytes)));
  });
});

describe("messages in any fragments, segments, and with pings between", () => {
  const fragmented = fc.record({
    payload: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc.constantFrom("\u{1f600}".repeat(20), "\u0000\ud7ff\ue000\uffff\u{10ffff}"),
    ),
    cuts: fc.array(fc.nat(400), { maxLength: 12 }),
    pings: fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 3 }),
    segments: fc.array(fc.nat(2_000), { maxLength: 8 }),
  });

  it("arrive whole, in order, and every ping is answered", async () => {
    await using socket = await open("&channels=chat.frames");
    await socket.readFrame();
    let id = 1;
    await fc.assert(
      fc.asyncProperty(fragmented, async ({ payload, cuts, pings, segments }) => {
        id += 1;
        const message = Buffer.from(
          JSON.stringify({ type: "publish", id, channel: "chat.frames", data: payload }),
        );
        const frames = pieces(message, cuts).map((piece, index, all) =>
          encodeFrame({
            opcode: index === 0 ? text : continuation,
            fin: index === all.length - 1,
            payload: piece,
          }),
        );
        const interleaved = frames.flatMap((frame, index) => {
          const between = pings[index];
          return between === undefined ? [frame] : [frame, encodeFrame({ opcode: ping, payload: between })];
        });
        for (const segment of pieces(Buffer.concat(interleaved), segments)) {
          await socket.write(segment);
        }
        const wanted = pings.slice(0, frames.length);
        const pongs: string[] = [];
        let answered = false;
        let delivered: string | undefined;
        while (!answered || delivered === undefined || pongs.length < wanted.length) {
          const frame = await socket.readFrame();
          if (frame.opcode === pong) {
            pongs.push(frame.payload.toString());
          } else {
            const received = JSON.parse(frame.payload.toString()) as Record<string, unknown>;
            answered ||= received["type"] === "ok" && received["id"] === id;
            if (received["type"] === "message") {
              delivered = String(received["data"]);
            }
          }
        }
        expect(delivered).toBe(payload);
        expect(pongs).toStrictEqual(wanted.map((between) => Buffer.from(between).toString()));
      }),
      { numRuns: 60 },
    );
  });

  /** Cut at these offsets, modulo the length, in the order of the bytes; equal offsets give empty pieces. */
  function pieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
    const offsets = cuts.map((cut) => cut % (bytes.length + 1)).sort((first, second) => first - second);
    return [0, ...offsets].map((from, index) => bytes.subarray(from, offsets[index] ?? bytes.length));
  }
});
