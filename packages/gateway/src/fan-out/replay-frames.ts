import type { StoredMessage } from "@tidegate/broker";
import { EncodedMessage } from "./encoded-message.ts";
import type { Frame, MessageFormat } from "./format.ts";

type Generation = Map<MessageFormat, Map<StoredMessage, Frame>>;

/**
 * The frames of replayed messages, kept a while: when a crowd comes back, it asks for the same ones. Bounded by two
 * generations, each of half the bytes; what was not asked for during one generation goes with it.
 */
export class ReplayFrames {
  readonly #generationBytes: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;

  constructor(bytes: number) {
    this.#generationBytes = bytes / 2;
  }

  /** @param epoch of the stream that the message is of. */
  frame(message: StoredMessage, epoch: string, format: MessageFormat): Frame {
    const young = this.#young.get(format)?.get(message);
    if (young !== undefined) {
      return young;
    }
    const frame =
      this.#old.get(format)?.get(message) ??
      new EncodedMessage(message, message.time, { epoch, sequence: message.sequence }).frame(format);
    this.#keep(message, format, frame);
    return frame;
  }

  #keep(message: StoredMessage, format: MessageFormat, frame: Frame): void {
    const bytes = frame.bytes.byteLength;
    if (this.#youngBytes + bytes > this.#generationBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#youngBytes += bytes;
    let frames = this.#young.get(format);
    if (frames === undefined) {
      frames = new Map();
      this.#young.set(format, frames);
    }
    frames.set(message, frame);
  }
}
