import type { JoinFrom, StoredMessage } from "@tidegate/broker";
import type { SourceJoined } from "./channel-source.ts";

/**
 * What of a replay may be sent to one subscriber at once. Who asked for the last messages gets fewer; who asked for everything
 * behind a cursor gets everything or a reset.
 *
 * @param maxBytes of payloads. One message may be larger.
 */
export function boundReplay(joined: SourceJoined, from: JoinFrom, maxBytes: number): SourceJoined {
  if (joined.kind !== "joined" || joined.position === undefined) {
    return joined;
  }
  const { messages, position } = joined;
  const first = firstThatFits(messages, maxBytes);
  if (first === 0) {
    return joined;
  }
  return from.kind === "last"
    ? { ...joined, messages: messages.slice(first) }
    : { kind: "reset", reason: "too_far", position };
}

/** Index from which on the messages fit; the last one always does. */
function firstThatFits(messages: readonly StoredMessage[], maxBytes: number): number {
  let bytes = 0;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    bytes += messages[index]?.payload.byteLength ?? 0;
    if (bytes > maxBytes && index < messages.length - 1) {
      return index + 1;
    }
  }
  return 0;
}
