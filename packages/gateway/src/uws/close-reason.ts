import { type CloseName, MAX_CLOSE_REASON_BYTES } from "@tidegate/protocol";

/** The reason of a close frame, for people: cut to what a control frame holds, never inside a character. */
export function closeReason(name: CloseName, reason: string): string {
  const text = `${name}: ${reason}`;
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= MAX_CLOSE_REASON_BYTES) {
    return text;
  }
  let end = MAX_CLOSE_REASON_BYTES;
  while (isContinuation(bytes[end])) {
    end -= 1;
  }
  return bytes.toString("utf8", 0, end);
}

/** Bytes 2 to 4 of a character in UTF-8 begin with the bits 10. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
