import { type JsonObject, memberOf } from "./strict-json.ts";

/** Longest JSON of forwarded claims, in bytes: it is added to every message that a client sends to a backend. */
export const MAX_CLAIMS_BYTES = 4_096;

export type ForwardedClaims =
  | { readonly ok: true; readonly json: string | undefined }
  | { readonly ok: false; readonly message: string };

const NONE: ForwardedClaims = { ok: true, json: undefined };
const TOO_LONG: ForwardedClaims = {
  ok: false,
  message: `The claims that are passed on to backends are longer than ${MAX_CLAIMS_BYTES} bytes.`,
};

/** The chosen claims that the token has, as one line of JSON, in the order in which they were chosen. */
export function forwardedClaims(payload: JsonObject, names: readonly string[]): ForwardedClaims {
  // No prototype: a claim called "__proto__" is one like any other.
  const chosen: Record<string, unknown> = Object.create(null);
  let found = false;
  for (const name of names) {
    const value = memberOf(payload, name);
    if (value !== undefined) {
      chosen[name] = value;
      found = true;
    }
  }
  if (!found) {
    return NONE;
  }
  const json = JSON.stringify(chosen);
  return Buffer.byteLength(json) > MAX_CLAIMS_BYTES ? TOO_LONG : { ok: true, json };
}
