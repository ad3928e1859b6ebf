import { createHmac } from "node:crypto";
import { sameBytes } from "../../signing/same-bytes.ts";

export interface HmacMatch {
  readonly algorithm: "sha1" | "sha256";
  readonly encoding: "hex" | "base64";
  /** As they came; the text itself is compared, so that there is one way only to write a signature. */
  readonly signatures: readonly string[];
}

/** Whether one of the signatures over `parts`, one after the other, was made with one of the secrets. */
export function hmacMatches(
  { algorithm, encoding, signatures }: HmacMatch,
  secrets: readonly string[],
  parts: readonly (string | Uint8Array)[],
): boolean {
  return secrets.some((secret) => {
    const hmac = createHmac(algorithm, secret);
    for (const part of parts) hmac.update(part);
    const expected = hmac.digest(encoding);
    return signatures.some((signature) => sameBytes(signature, expected));
  });
}
