/** Longest user name, in bytes of UTF-8. */
export const MAX_USER_BYTES = 128;

/**
 * Control characters and line separators could end the NATS header the name travels in; lone surrogates all
 * become the same replacement character there, and so would make two users one.
 */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Says what is wrong with a claim that shall name the user, or `undefined` if it is fit to. */
export function userNameProblem(value: unknown): string | undefined {
  if (typeof value !== "string") {
    return value === undefined ? "is missing" : "must be a string";
  }
  if (value.length === 0) {
    return "is empty";
  }
  if (value.length > MAX_USER_BYTES || Buffer.byteLength(value) > MAX_USER_BYTES) {
    return `is longer than ${MAX_USER_BYTES} bytes`;
  }
  if (UNFIT.test(value)) {
    return "holds a control character";
  }
  // Readers of headers trim values: " alice" would reach backends as "alice".
  return value.trim() === value ? undefined : "begins or ends with white space";
}
