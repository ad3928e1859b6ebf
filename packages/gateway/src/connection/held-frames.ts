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

  /** Keeps a frame, or says which limit it breaks. */
  hold(
    frame: InboundFrame,
    limits: UnauthenticatedLimits,
  ): "frame_too_large" | "unauthenticated_limit" | undefined {
    this.#bytes += frame.bytes;
    if (this.#bytes > limits.unauthenticatedBytes) {
      return "frame_too_large";
    }
    if (this.#frames.length >= limits.unauthenticatedMessages) {
      return "unauthenticated_limit";
    }
    this.#frames.push(frame);
    return undefined;
  }

  take(): readonly InboundFrame[] {
    return this.#frames.splice(0);
  }
}
