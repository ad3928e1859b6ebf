import { asNumber, asObject, asText, parseJsonObject } from "./json-object.ts";

/** What a stream answers to a message that it was sent with a reply subject. */
export type PubAck =
  | {
      readonly kind: "stored";
      readonly stream: string;
      readonly sequence: number;
      readonly duplicate: boolean;
    }
  | { readonly kind: "unconfirmed" }
  | { readonly kind: "unavailable"; readonly message: string }
  | { readonly kind: "too_large" }
  | { readonly kind: "busy" };

/** A message with the same id is being stored at this very moment: it may yet fail. */
const DUPLICATE_UNDER_WAY = 10_158;
const MESSAGE_TOO_LARGE = 10_054;
const TOO_MANY_REQUESTS = 429;

/** Never throws: somebody else who listens to the channel may have answered first, with anything. */
export function readPubAck(payload: Uint8Array): PubAck {
  const answer = parseJsonObject(payload);
  const error = asObject(answer?.["error"]);
  if (error !== undefined) {
    const code = asNumber(error["err_code"]);
    if (code === DUPLICATE_UNDER_WAY) return { kind: "unconfirmed" };
    if (code === MESSAGE_TOO_LARGE) return { kind: "too_large" };
    if (asNumber(error["code"]) === TOO_MANY_REQUESTS) return { kind: "busy" };
    return { kind: "unavailable", message: asText(error["description"]) ?? "the stream gave no reason" };
  }
  const stream = asText(answer?.["stream"]);
  const sequence = asNumber(answer?.["seq"]);
  if (stream === undefined || sequence === undefined) return { kind: "unconfirmed" };
  return { kind: "stored", stream, sequence, duplicate: answer?.["duplicate"] === true };
}
