import { hash, timingSafeEqual } from "node:crypto";
import { HMAC_HASHES, type HmacAlgorithm } from "./algorithms.ts";

/** Bytes that the hashes work on at a time (FIPS 180-4 section 1): keys are padded to that. */
const BLOCK_BYTES = { HS256: 64, HS384: 128, HS512: 128 } as const satisfies Record<HmacAlgorithm, number>;
const INNER = 0x36;
const OUTER = 0x5c;
/** Longer texts get a buffer of their own. */
const USUAL_TEXT_BYTES = 2_048;

/**
 * A secret for HMAC (RFC 2104), with the two padded forms of it that begin every computation.
 *
 * `createHmac` would do the same, but makes two native objects per signature that the garbage collector has to bury: in a storm
 * of connections that costs 15 µs each, hashing twice 3.
 */
export class HmacSecret {
  readonly #hash: string;
  /** The padded secret, and room for a text behind it. */
  readonly #inner: Buffer;
  /** The padded secret, and room for the inner hash. */
  readonly #outer: Buffer;
  readonly #blockBytes: number;
  // Written anew for each signature: buffers of their own would cost as much as hashing.
  readonly #expected: Buffer;
  readonly #given: Buffer;

  constructor(algorithm: HmacAlgorithm, secret: Uint8Array) {
    const { hash: name, bytes } = HMAC_HASHES[algorithm];
    const blockBytes = BLOCK_BYTES[algorithm];
    const key = secret.byteLength > blockBytes ? hash(name, secret, "buffer") : secret;
    this.#hash = name;
    this.#blockBytes = blockBytes;
    // Not of the pool that buffers of all kinds are cut from.
    this.#inner = Buffer.alloc(blockBytes + USUAL_TEXT_BYTES);
    this.#outer = Buffer.alloc(blockBytes + bytes);
    this.#expected = Buffer.alloc(bytes);
    this.#given = Buffer.alloc(bytes);
    for (let index = 0; index < blockBytes; index += 1) {
      const byte = key[index] ?? 0;
      this.#inner[index] = byte ^ INNER;
      this.#outer[index] = byte ^ OUTER;
    }
  }

  /**
   * Whether `signature` is that of `text`; in a time that does not depend on how much of it is right.
   *
   * @param text of ASCII characters.
   * @param signature in canonical base64url.
   */
  signed(text: string, signature: string): boolean {
    const expected = this.#expected;
    // The length is no secret: the algorithm in the token's own header gives it.
    if (signature.length !== Math.ceil((expected.length * 4) / 3)) {
      return false;
    }
    this.#given.write(signature, "base64url");
    expected.write(this.#sign(text), "hex");
    return timingSafeEqual(this.#given, expected);
  }

  #sign(text: string): string {
    const block = this.#blockBytes;
    const end = block + text.length;
    let inner = this.#inner;
    if (end > inner.length) {
      inner = Buffer.alloc(end);
      this.#inner.copy(inner, 0, 0, block);
    }
    inner.write(text, block, "latin1");
    this.#outer.write(hash(this.#hash, inner.subarray(0, end), "hex"), block, "hex");
    return hash(this.#hash, this.#outer, "hex");
  }
}
