import fc from "fast-check";
import { expect, test } from "vitest";
import * as ws from "ws";
import { closePayload, decodeFrame, encodeFrame, opcodes } from "./wire-frame.ts";

test("what is encoded is decoded, from the start of whatever follows", () => {
  const frame = fc.record({
    opcode: fc.integer({ min: 0, max: 15 }),
    fin: fc.boolean(),
    rsv1: fc.boolean(),
    rsv2: fc.boolean(),
    rsv3: fc.boolean(),
    mask: fc.boolean(),
    payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(Buffer.alloc(70_000, 7))),
  });
  fc.assert(
    fc.property(frame, fc.uint8Array({ maxLength: 20 }), (options, rest) => {
      const bytes = encodeFrame(options);
      const { mask, payload, ...flags } = options;
      expect(decodeFrame(Buffer.concat([bytes, rest]))).toEqual({
        size: bytes.length,
        frame: { ...flags, wasMasked: mask, payload: Buffer.from(payload) },
      });
      expect(decodeFrame(bytes.subarray(0, -1))).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

interface FrameReceiver extends NodeJS.WritableStream {
  on(event: "message", listener: (data: Buffer) => void): this;
  on(event: "conclude", listener: (code: number, reason: Buffer) => void): this;
}

// Exported by the package, missing from its types.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => FrameReceiver };

test("another implementation understands the frames", async () => {
  const receiver = new Receiver({ isServer: true });
  const messages: string[] = [];
  receiver.on("message", (data: Buffer) => messages.push(data.toString()));
  const long = "x".repeat(70_000);
  for (const payload of ["short", "y".repeat(126), long]) receiver.write(encodeFrame({ payload }));
  receiver.write(encodeFrame({ payload: "in ", fin: false }));
  receiver.write(encodeFrame({ payload: "two", opcode: opcodes.continuation }));
  const closed = new Promise((resolve) =>
    receiver.on("conclude", (code, reason) => resolve([code, String(reason)])),
  );
  receiver.write(encodeFrame({ opcode: opcodes.close, payload: closePayload(4001, "bye") }));
  expect(await closed).toEqual([4001, "bye"]);
  expect(messages).toEqual(["short", "y".repeat(126), long, "in two"]);
});

test("the length can be a lie, or longer than it need be, and the masking key chosen", () => {
  const key = Buffer.from([1, 2, 3, 4]);
  expect(encodeFrame({ payload: "a", mask: key, lengthBits: 16 }).toString("hex")).toBe("81fe00010102030460");
  expect(encodeFrame({ payload: "a", mask: false, lengthBits: 64 }).toString("hex")).toBe(
    "817f000000000000000161",
  );
  expect(encodeFrame({ mask: false, announcedLength: 2n ** 63n }).toString("hex")).toBe(
    "817f8000000000000000",
  );
  expect(encodeFrame({ mask: false, opcode: opcodes.ping, announcedLength: 125 }).toString("hex")).toBe(
    "897d",
  );
});
