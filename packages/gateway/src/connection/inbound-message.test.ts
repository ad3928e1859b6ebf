import { describe, expect, it } from "vitest";
import { readConnect, readInbound } from "./inbound-message.ts";

const HEADER = '{"type":"publish","id":4,"channel":"chat.lobby"}';

function binary(...parts: readonly (string | readonly number[])[]) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return { kind: "binary" as const, body, bytes: body.byteLength };
}

function text(content: string) {
  return { kind: "text" as const, text: content, bytes: Buffer.byteLength(content) };
}

describe("readInbound", () => {
  it("reads a text frame as one message", () => {
    const { decoded, source } = readInbound(text('{"type":"ping","id":7}'));
    expect(decoded).toStrictEqual({ ok: true, message: { type: "ping", id: 7 } });
    expect(source.body).toBeUndefined();
  });

  it("reads a binary frame as a header line and the bytes behind it", () => {
    const { decoded, source } = readInbound(binary(HEADER, "\n", [0xff, 0x0a, 0x00]));
    expect(decoded).toMatchObject({ ok: true, message: { id: 4, channel: "chat.lobby" } });
    expect(source.body).toStrictEqual(Buffer.from([0xff, 0x0a, 0x00]));
  });

  it("allows for no payload behind the line", () => {
    expect(readInbound(binary(HEADER, "\n")).source.body).toStrictEqual(Buffer.alloc(0));
  });

  it.each([
    ["no line", binary(HEADER)],
    ["nothing", binary("")],
    ["an empty line", binary("\n", "payload")],
    ["a line that is no JSON", binary("publish\n", "payload")],
    ["a line that is no object", binary("[1]\n", "payload")],
    ["a line in something other than UTF-8", binary('{"type":"ping","id":7,"x":"', [0xff], '"}\n')],
  ])("refuses a binary frame with %s", (_what, frame) => {
    expect(readInbound(frame).decoded).toMatchObject({ ok: false, code: "malformed", id: undefined });
  });
});

describe("readConnect", () => {
  it("reads connect, in a text frame alone", () => {
    const connect = '{"type":"connect","id":1,"channels":["chat.lobby"]}';
    expect(readConnect(text(connect))).toMatchObject({ id: 1, channels: ["chat.lobby"] });
    expect(readConnect(binary(connect, "\n"))).toBeUndefined();
    expect(readConnect(text(HEADER))).toBeUndefined();
    expect(readConnect(text("nonsense"))).toBeUndefined();
  });
});
