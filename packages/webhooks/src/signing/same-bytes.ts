import { timingSafeEqual } from "node:crypto";

/** Whether both are the same, in a time that tells nothing but whether their lengths are. Texts are compared as UTF-8. */
export function sameBytes(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === "string" ? Buffer.from(a, "utf8") : a;
  const right = typeof b === "string" ? Buffer.from(b, "utf8") : b;
  return left.length === right.length && timingSafeEqual(left, right);
}
