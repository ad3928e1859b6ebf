import type { LiveMessage } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";
import { describe, expect, it } from "vitest";
import { EncodedMessage } from "./encoded-message.ts";

const TIME = 1_800_000_000_000;

function encoded(
  payload: string | Buffer,
  extra: Partial<LiveMessage> = {},
  position?: Position,
): EncodedMessage {
  const message = {
    channel: "chat.lobby",
    payload: Buffer.from(payload),
    event: undefined,
    publisher: undefined,
  };
  return new EncodedMessage({ ...message, ...extra }, TIME, position);
}

const BINARY = Buffer.from([0xff, 0x0a, 0x00]);

describe("EncodedMessage", () => {
  it("puts everything known into a text frame", () => {
    const frame = encoded('{"n": 1}', {
      event: 'sa"id',
      publisher: { user: "ada", connection: "n1-x-1" },
    }).frame("json");
    expect(frame.binary).toBe(false);
    expect(Buffer.from(frame.bytes).toString()).toBe(
      `{"type":"message","channel":"chat.lobby","event":"sa\\"id","from":{"user":"ada","connection":"n1-x-1"},"time":${TIME},"data":{"n": 1}}`,
    );
  });

  it("encodes once for all who want text", () => {
    const message = encoded("1");
    expect(message.frame("json")).toBe(message.frame("json"));
    expect(message.frame("json-binary")).toBe(message.frame("json"));
  });

  it("sends what is not UTF-8 as base64, or as a binary frame to who asked for that", () => {
    const message = encoded(BINARY);
    expect(JSON.parse(Buffer.from(message.frame("json").bytes).toString())).toMatchObject({
      data: BINARY.toString("base64"),
      encoding: "base64",
    });
    const { bytes, binary } = message.frame("json-binary");
    expect(binary).toBe(true);
    const whole = Buffer.from(bytes);
    const lineEnd = whole.indexOf(0x0a);
    expect(JSON.parse(whole.toString("utf8", 0, lineEnd))).toStrictEqual({
      type: "message",
      channel: "chat.lobby",
      time: TIME,
    });
    expect(whole.subarray(lineEnd + 1)).toStrictEqual(BINARY);
  });

  it("sends bare payloads raw, as the kind of frame that they can be", () => {
    expect(encoded("plain").frame("raw")).toStrictEqual({
      bytes: Buffer.from("plain"),
      binary: false,
      sequence: 0,
      messages: 1,
    });
    expect(encoded(BINARY).frame("raw")).toStrictEqual({
      bytes: BINARY,
      binary: true,
      sequence: 0,
      messages: 1,
    });
    expect(encoded("").frame("raw")).toStrictEqual({
      bytes: Buffer.alloc(0),
      binary: false,
      sequence: 0,
      messages: 1,
    });
  });

  it("keeps nothing of the broker's buffer, which is overwritten after the callback", () => {
    const lent = Buffer.from("before");
    const message = encoded("", { payload: lent });
    const frames = [message.frame("raw"), message.frame("json")];
    const lentBinary = Buffer.from([0xff, 0x01]);
    const binary = encoded("", { payload: lentBinary }).frame("json-binary");
    lent.fill(0);
    lentBinary.fill(0);
    expect(frames.map(({ bytes }) => Buffer.from(bytes).includes("before"))).toStrictEqual([true, true]);
    expect(Buffer.from(binary.bytes).subarray(-2)).toStrictEqual(Buffer.from([0xff, 0x01]));
  });

  it("says of a stored message where it stands, in every format that can", () => {
    const position = { epoch: "k3j9x0ab", sequence: 100 };
    const message = encoded("1", {}, position);
    expect(message.frame("raw").sequence).toBe(100);
    const frame = message.frame("json");
    expect(frame.sequence).toBe(100);
    expect(JSON.parse(Buffer.from(frame.bytes).toString())).toStrictEqual({
      type: "message",
      channel: "chat.lobby",
      cursor: "k3j9x0ab-2s",
      time: TIME,
      data: 1,
    });
    const binary = encoded(BINARY, {}, position).frame("json-binary");
    expect(Buffer.from(binary.bytes).toString()).toContain('"cursor":"k3j9x0ab-2s"');
  });

  it("leaves the type out of an object, and nothing else", () => {
    const message = encoded(BINARY, { event: "said" });
    const { bytes, binary } = message.frame("object");
    expect(binary).toBe(false);
    expect({ type: "message", ...JSON.parse(Buffer.from(bytes).toString()) }).toStrictEqual(
      JSON.parse(Buffer.from(message.frame("json").bytes).toString()),
    );
  });
});
