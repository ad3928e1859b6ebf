import type { LiveMessage } from "@tidegate/broker";
import type { Position } from "@tidegate/protocol";
import { Audience, type Seat } from "./audience.ts";
import { EncodedMessage } from "./encoded-message.ts";
import { type Format, messageFormat } from "./format.ts";

/** One subscribed channel or pattern on this node: what the broker delivers goes to all who sit here. */
export class ChannelFanOut {
  readonly name: string;
  /** One for each format that somebody wanted. Replaced, never changed: it may grow while it is walked over. */
  #audiences: readonly Audience[] = [];
  readonly #batchBytes: number;

  constructor(name: string, batchBytes: number) {
    this.name = name;
    this.#batchBytes = batchBytes;
  }

  join(seat: Seat): void {
    this.#audience(seat.format).add(seat);
  }

  leave(seat: Seat): void {
    this.#audience(seat.format).remove(seat);
  }

  /**
   * Encodes for the formats present. Runs inside the broker's callback.
   *
   * @param position of a message of a replayable channel.
   */
  hold(message: LiveMessage, time: number, position: Position | undefined): void {
    const encoded = new EncodedMessage(message, time, position);
    for (const audience of this.#audiences) {
      if (audience.size > 0) {
        audience.hold(encoded.frame(messageFormat(audience.format)));
      }
    }
  }

  flush(): void {
    for (const audience of this.#audiences) {
      audience.flush();
    }
  }

  seats(): readonly Seat[] {
    return this.#audiences.flatMap((audience) => audience.seats());
  }

  #audience(format: Format): Audience {
    const present = this.#audiences.find((audience) => audience.format === format);
    if (present !== undefined) {
      return present;
    }
    const audience = new Audience(format, this.#batchBytes);
    this.#audiences = [...this.#audiences, audience];
    return audience;
  }
}
