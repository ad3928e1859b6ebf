import type { LiveMessage } from "@tidegate/broker";
import { Audience, type Seat } from "./audience.ts";
import { EncodedMessage } from "./encoded-message.ts";
import { FORMATS, type Format } from "./format.ts";

/** One subscribed channel or pattern on this node: what the broker delivers goes to all who sit here. */
export class ChannelFanOut {
  readonly name: string;
  readonly #audiences: Readonly<Record<Format, Audience>> = {
    json: new Audience(),
    "json-binary": new Audience(),
    raw: new Audience(),
  };

  constructor(name: string) {
    this.name = name;
  }

  join(seat: Seat, format: Format): void {
    this.#audiences[format].add(seat);
  }

  leave(seat: Seat, format: Format): void {
    this.#audiences[format].remove(seat);
  }

  /** Encodes for the formats present. Runs inside the broker's callback. */
  hold(message: LiveMessage, time: number): void {
    const encoded = new EncodedMessage(message, time);
    for (const format of FORMATS) {
      const audience = this.#audiences[format];
      if (audience.size > 0) {
        audience.hold(encoded.frame(format));
      }
    }
  }

  flush(): void {
    for (const format of FORMATS) {
      this.#audiences[format].flush();
    }
  }

  seats(): readonly Seat[] {
    return FORMATS.flatMap((format) => this.#audiences[format].seats());
  }
}
