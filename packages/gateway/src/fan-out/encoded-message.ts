import { isUtf8 } from "node:buffer";
import type { LiveMessage } from "@tidegate/broker";
import {
  encodePosition,
  type MessageHead,
  messageFrame,
  messageHeaderLine,
  messageObject,
  type Position,
} from "@tidegate/protocol";
import { objectEvent, payloadEvent } from "../sse/event-text.ts";
import type { Frame, MessageFormat } from "./format.ts";
import { asBuffer, textPayload } from "./text-payload.ts";

/**
 * One message on its way out: encoded at most once per format, and only for formats that somebody wants. Lives
 * only as long as the broker's callback, since the payload may be a view on the broker's buffer.
 */
export class EncodedMessage {
  readonly #head: MessageHead;
  readonly #payload: Uint8Array;
  readonly #sequence: number;
  #json: Frame | undefined;

  /** @param position where it stands in the stream; `undefined` for a live channel. */
  constructor(message: LiveMessage, time: number, position: Position | undefined) {
    const cursor = position === undefined ? undefined : encodePosition(position);
    this.#head = { channel: message.channel, event: message.event, from: message.publisher, cursor, time };
    this.#payload = message.payload;
    this.#sequence = position?.sequence ?? 0;
  }

  frame(format: MessageFormat): Frame {
    switch (format) {
      case "raw":
        // A copy: the frame outlives the view.
        return this.#frame(Buffer.from(this.#payload), !isUtf8(this.#payload));
      case "object":
        return this.#frame(Buffer.from(messageObject(this.#head, textPayload(this.#payload))), false);
      case "event":
        return this.#frame(payloadEvent(this.#head, this.#payload), false);
      case "object-event":
        return this.#frame(objectEvent(this.#head, this.#payload), false);
      case "json-binary":
        if (!isUtf8(this.#payload)) {
          const line = Buffer.from(messageHeaderLine(this.#head));
          return this.#frame(Buffer.concat([line, asBuffer(this.#payload)]), true);
        }
        return this.#text();
      case "json":
        return this.#text();
    }
  }

  #text(): Frame {
    this.#json ??= this.#frame(Buffer.from(messageFrame(this.#head, textPayload(this.#payload))), false);
    return this.#json;
  }

  #frame(bytes: Uint8Array, binary: boolean): Frame {
    return { bytes, binary, sequence: this.#sequence, messages: 1 };
  }
}
