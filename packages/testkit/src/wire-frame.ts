import { randomBytes } from "node:crypto";

/** Opcodes of RFC 6455, section 5.2. 3 to 7 and 11 to 15 are reserved. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WireFrameOptions {
  /** Default text. Any of 0 to 15. */
  readonly opcode?: number;
  /** Last frame of its message? Default true. */
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly rsv2?: boolean;
  readonly rsv3?: boolean;
  /** Default: a random masking key, as a client must use. False sends an unmasked frame. */
  readonly mask?: boolean | Buffer;
  /** Default empty. */
  readonly payload?: string | Uint8Array;
  /** Length to announce instead of that of the payload. */
  readonly announcedLength?: number | bigint;
  /** Size of the length field in bits, default the shortest that fits. Longer ones are forbidden. */
  readonly lengthBits?: 7 | 16 | 64;
}

/** A frame as bytes, right or wrong. */
export function encodeFrame(options: WireFrameOptions = {}): Buffer {
  const payload = Buffer.from(options.payload ?? "");
  const length = BigInt(options.announcedLength ?? payload.length);
  const lengthBits = options.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const key =
    options.mask === false ? undefined : Buffer.isBuffer(options.mask) ? options.mask : randomBytes(4);

  const head = Buffer.alloc(2 + (lengthBits === 7 ? 0 : lengthBits / 8));
  head[0] =
    ((options.fin ?? true) ? 0x80 : 0) |
    (options.rsv1 ? 0x40 : 0) |
    (options.rsv2 ? 0x20 : 0) |
    (options.rsv3 ? 0x10 : 0) |
    ((options.opcode ?? opcodes.text) & 0x0f);
  head[1] =
    (key === undefined ? 0 : 0x80) | (lengthBits === 7 ? Number(length) : lengthBits === 16 ? 126 : 127);
  if (lengthBits === 16) head.writeUInt16BE(Number(length), 2);
  if (lengthBits === 64) head.writeBigUInt64BE(length, 2);
  if (key === undefined) return Buffer.concat([head, payload]);
  return Buffer.concat([head, key, masked(payload, key)]);
}

/** The payload of a close frame: the code in two bytes, then the reason. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

export interface WireFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly wasMasked: boolean;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** The frame at the start of the bytes and how many it takes; undefined while it is incomplete. */
export function decodeFrame(bytes: Buffer): { readonly frame: WireFrame; readonly size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const wasMasked = (second & 0x80) !== 0;
  let length = second & 0x7f;
  let offset = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    offset = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    offset = 10;
  }
  const keyOffset = offset;
  if (wasMasked) offset += 4;
  if (bytes.length < offset + length) return undefined;
  const content = bytes.subarray(offset, offset + length);
  return {
    size: offset + length,
    frame: {
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      rsv1: (first & 0x40) !== 0,
      rsv2: (first & 0x20) !== 0,
      rsv3: (first & 0x10) !== 0,
      wasMasked,
      payload: wasMasked ? masked(content, bytes.subarray(keyOffset, offset)) : Buffer.from(content),
    },
  };
}

function masked(payload: Uint8Array, key: Buffer): Buffer {
  const result = Buffer.from(payload);
  for (const [index, byte] of result.entries()) result[index] = byte ^ (key[index % 4] ?? 0);
  return result;
}
