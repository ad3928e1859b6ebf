import { isUtf8 } from "node:buffer";
import { CLIENT_MESSAGES, type ClientMessage, type MessageDefinition } from "@tidegate/protocol";
import type { RequestHead } from "./http-exchange.ts";
import type { Problem } from "./problem.ts";

type MessageOfType<Type> = Extract<ClientMessage, { readonly type: Type }>;

/** A body that holds the fields of a client message, and its text, from which a payload is read as it was written. */
export type JsonBody<Type> =
  | { readonly ok: true; readonly message: MessageOfType<Type>; readonly text: string }
  | { readonly ok: false; readonly problem: Problem };

/** Answers have no id over HTTP; messages have to carry one. */
const NO_ID = 1;

type Fields = readonly (readonly [name: string, field: MessageDefinition["fields"][string]])[];

const FIELDS: Readonly<Record<"publish" | "request", Fields>> = {
  publish: fieldsOf("publish"),
  request: fieldsOf("request"),
};

function fieldsOf(type: string): Fields {
  const definitions: readonly MessageDefinition[] = CLIENT_MESSAGES;
  return Object.entries(definitions.find((definition) => definition.type === type)?.fields ?? {});
}

/** What is wrong with how the body is sent, as far as the head says it. */
export function bodyProblem({ headers }: RequestHead, maxBytes: number): Problem | undefined {
  const type = headers["content-type"].split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { code: "unsupported_media_type", detail: "the body has to be application/json" };
  }
  if (!["", "identity"].includes(headers["content-encoding"].toLowerCase())) {
    return { code: "unsupported_media_type", detail: "the body must not be compressed" };
  }
  return Number(headers["content-length"]) > maxBytes ? tooLarge(maxBytes) : undefined;
}

export function tooLarge(maxBytes: number): Problem {
  return { code: "payload_too_large", detail: `a body may hold at most ${maxBytes} bytes` };
}

/** Reads the fields of a client message without `type` and `id`. Fields that are not known are ignored. */
export function readJsonBody<Type extends "publish" | "request">(bytes: Buffer, type: Type): JsonBody<Type> {
  if (!isUtf8(bytes)) {
    return refusal("malformed", "the body is not UTF-8");
  }
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refusal("malformed", "the body is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refusal("malformed", "the body must hold one JSON object");
  }
  const candidate = value as Readonly<Record<string, unknown>>;
  for (const [name, field] of FIELDS[type]) {
    // An own property only: a field must not be read from Object.prototype.
    const given = Object.hasOwn(candidate, name) ? candidate[name] : undefined;
    if (name !== "id" && (given === undefined ? !field.optional : !field.accepts(given))) {
      return refusal("invalid_field", `"${name}" must be ${field.expected}`);
    }
  }
  return {
    ok: true,
    message: { ...candidate, type, id: NO_ID } as unknown as MessageOfType<Type>,
    text,
  };
}

function refusal(code: Problem["code"], detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, detail } };
}
