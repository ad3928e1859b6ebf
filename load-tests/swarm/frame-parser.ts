/**
 * Gets each frame as a range of the bytes at hand. They are only lent: the next read overwrites them.
 *
 * @param start first byte of the frame's payload
 * @param end the byte after its last
 */
export type FrameListener = (opcode: number, bytes: Buffer, start: number, end: number) => void;

/** Far above anything a gateway sends to a load test: beyond it the stream is taken for garbage. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

const FIN_AND_RESERVED = 0xf0;
const FIN_ALONE = 0x80;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;

/**
 * Reads the frames that a server sends, from pieces cut anywhere. As small as it can be, since thousands of these share
 * a core with the sockets under them: it neither joins fragments nor inflates, because the servers that it is for send
 * neither fragmented nor compressed frames.
 */
export class FrameParser {
  readonly #onFrame: FrameListener;
  /** The beginning of a frame whose rest has not come yet. */
  #carry: Buffer | undefined;

  constructor(onFrame: FrameListener) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes what was read, in full. The listener may be called any number of times.
   *
   * @returns what is wrong with the stream, which is then not to be read on; `undefined` while it is in order.
   */
  push(bytes: Buffer, start: number, end: number): string | undefined {
    const carry = this.#carry;
    if (carry === undefined) {
      return this.#read(bytes, start, end);
    }
    this.#carry = undefined;
    const joined = Buffer.concat([carry, bytes.subarray(start, end)]);
    return this.#read(joined, 0, joined.length);
  }

  #read(bytes: Buffer, start: number, end: number): string | undefined {
    let position = start;
    while (end - position >= 2) {
      const first = bytes[position] ?? 0;
      const second = bytes[position + 1] ?? 0;
      if ((first & FIN_AND_RESERVED) !== FIN_ALONE) {
        return "a frame is fragmented or has reserved bits";
      }
      if ((second & MASKED) !== 0) {
        return "a server's frame is masked";
      }
      let length = second & LENGTH;
      let payload = position + 2;
      if (length === LENGTH_IN_16_BITS) {
        if (end - position < 4) {
          break;
        }
        length = bytes.readUInt16BE(payload);
        payload += 2;
      } else if (length === LENGTH_IN_64_BITS) {
        if (end - position < 10) {
          break;
        }
        length = Number(bytes.readBigUInt64BE(payload));
        payload += 8;
      }
      if (length > MAX_FRAME_BYTES) {
        return `a frame announces ${length} bytes`;
      }
      if (payload + length > end) {
        break;
      }
      this.#onFrame(first & OPCODE, bytes, payload, payload + length);
      position = payload + length;
    }
    if (position < end) {
      // A copy: the range is only lent.
      this.#carry = Buffer.from(bytes.subarray(position, end));
    }
    return undefined;
  }
}
