import { isUtf8 } from "node:buffer";
import type { LiveMessage } from "@tidegate/broker";
import { type MessageHead, messageFrame, messageHeaderLine } from "@tidegate/protocol";
import type { Format, Frame } from "./format.ts";
import { asBuffer, textPayload } from "./text-payload.ts";

/**
 * One message on its way out: encoded at most once per format, and only for formats that somebody wants. Lives
 * only as long as the broker's callback, since the payload is a view on the broker's buffer.
 */
export class EncodedMessage {
  readonly #head: MessageHead;
  readonly #payload: Uint8Array;
  #json: Frame | undefined;

  constructor(message: LiveMessage, time: number) {
    this.#head = { channel: message.channel, event: message.event, from: message.publisher, cursor: undefined, time };
    this.#payload = message.payload;
  }

  frame(format: Format): Frame {
    if (format === "raw") {
      // A copy: the frame outlives the view.
      return { bytes: Buffer.from(this.#payload), binary: !isUtf8(this.#payload) };
    }
    if (format === "json-binary" && !isUtf8(this.#payload)) {
      const line = Buffer.from(messageHeaderLine(this.#head));
      return { bytes: Buffer.concat([line, asBuffer(this.#payload)]), binary: true };
    }
    this.#json ??= {
      bytes: Buffer.from(messageFrame(this.#head, textPayload(this.#payload))),
      binary: false,
    };
    return this.#json;
  }
}
