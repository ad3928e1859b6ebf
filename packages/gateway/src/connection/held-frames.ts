/** A frame as it came in, copied: the transport's buffer is gone when its callback returns. */
export type InboundFrame =
  | { readonly kind: "text"; readonly text: string; readonly bytes: number }
  | { readonly kind: "binary"; readonly body: Buffer; readonly bytes: number };

export function copyFrame(data: ArrayBuffer, binary: boolean): InboundFrame {
  return binary
    ? { kind: "binary", body: Buffer.from(new Uint8Array(data)), bytes: data.byteLength }
    : { kind: "text", text: Buffer.from(data).toString("utf8"), bytes: data.byteLength };
}

/** What a client may send before it is authenticated. */
export interface UnauthenticatedLimits {
  readonly unauthenticatedBytes: number;
  readonly unauthenticatedMessages: number;
}

/** Frames that arrived behind `connect` and wait for the token to be verified, in order and bounded. */
export class HeldFrames {
  readonly #frames: InboundFrame[] = [];
  #bytes = 0;

  /** Keeps a frame; false if that would break a limit. */
  hold(frame: InboundFrame, limits: UnauthenticatedLimits): boolean {
    if (
      this.#frames.length >= limits.unauthenticatedMessages ||
      this.#bytes + frame.bytes > limits.unauthenticatedBytes
    ) {
      return false;
    }
    this.#frames.push(frame);
    this.#bytes += frame.bytes;
    return true;
  }

  take(): readonly InboundFrame[] {
    this.#bytes = 0;
    return this.#frames.splice(0);
  }
}
