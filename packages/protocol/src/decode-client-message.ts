import { CLIENT_MESSAGES, type ClientMessage } from "./client-messages.ts";
import type { ErrorCode } from "./error-codes.ts";
import { type Field, isRequestId } from "./field.ts";

/** A refused frame. `id` is there if the frame had a usable one, so that the refusal can answer it. */
export interface DecodeFailure {
  readonly ok: false;
  readonly code: Extract<ErrorCode, "malformed" | "unknown_type" | "invalid_field">;
  readonly id: number | undefined;
  readonly message: string;
}

export type Decoded = { readonly ok: true; readonly message: ClientMessage } | DecodeFailure;

interface Check {
  readonly fields: readonly (readonly [name: string, field: Field<unknown>])[];
}

const CHECKS: ReadonlyMap<string, Check> = new Map(
  CLIENT_MESSAGES.map((definition) => [definition.type, { fields: Object.entries(definition.fields) }]),
);

/**
 * Reads one client message from the text of a frame, or from the header line of a binary frame. Fields that
 * the revision does not know are ignored, so that newer clients can talk to older nodes. Never throws.
 */
export function decodeClientMessage(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failure("malformed", undefined, "the frame is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return failure("malformed", undefined, "the frame must hold one JSON object");
  }
  const candidate = value as Readonly<Record<string, unknown>>;
  const id = isRequestId(candidate["id"]) ? candidate["id"] : undefined;
  const type = candidate["type"];
  const check = typeof type === "string" ? CHECKS.get(type) : undefined;
  if (check === undefined) {
    return failure("unknown_type", id, `"type" must be one of ${[...CHECKS.keys()].join(", ")}`);
  }
  for (const [name, field] of check.fields) {
    // An own property only: a field must not be read from Object.prototype.
    const given = Object.hasOwn(candidate, name) ? candidate[name] : undefined;
    if (given === undefined ? !field.optional : !field.accepts(given)) {
      return failure("invalid_field", id, `"${name}" must be ${field.expected}`);
    }
  }
  return { ok: true, message: candidate as unknown as ClientMessage };
}

function failure(code: DecodeFailure["code"], id: number | undefined, message: string): DecodeFailure {
  return { ok: false, code, id, message };
}
