import { ERROR_CODES, MAX_CURSOR_BYTES, RESET_REASONS } from "@tidegate/protocol";

/** A JSON Schema (2020-12), which OpenAPI 3.1 uses as it is. */
export type Schema = Readonly<Record<string, unknown>>;

const CHANNEL: Schema = {
  type: "string",
  description: "1 to 8 tokens joined by dots, at most 200 bytes; see section 5 of PROTOCOL.md.",
  maxLength: 200,
  examples: ["chat.lobby"],
};

const CURSOR: Schema = {
  type: "string",
  description: "Opaque; see section 9 of PROTOCOL.md.",
  pattern: "^[A-Za-z0-9._-]+$",
  maxLength: MAX_CURSOR_BYTES,
  examples: ["k3j9x0ab-2s"],
};

const ENCODING: Schema = {
  description:
    "How a string in `data` stands for the payload; absent where `data` is the JSON that the payload is.",
  enum: ["text", "base64"],
};

const DATA: Schema = { description: "Any JSON value, or a string where `encoding` is given." };

const RESET_REASON: Schema = { enum: Object.keys(RESET_REASONS) };

const TEXT: Schema = { type: "string" };
const MILLISECONDS: Schema = { type: "integer", minimum: 0 };

function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  description: string,
): Schema {
  return { type: "object", description, properties, required, additionalProperties: false };
}

/** What a client sends may hold more: fields that are not known are ignored. */
function open(schema: Schema): Schema {
  return { ...schema, additionalProperties: true };
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The bodies of requests and answers. */
export const SCHEMAS = {
  Channel: CHANNEL,
  Cursor: CURSOR,
  Encoding: ENCODING,
  ResetReason: RESET_REASON,
  Message: object(
    {
      channel: ref("Channel"),
      event: { type: "string", description: "Event name." },
      from: object(
        { user: TEXT, connection: TEXT },
        ["connection"],
        "Who published it, if a client did; without `user` if anonymous.",
      ),
      cursor: ref("Cursor"),
      time: { ...MILLISECONDS, description: "Unix time in milliseconds." },
      data: DATA,
      encoding: ref("Encoding"),
    },
    ["channel", "time", "data"],
    "A message of a channel; with `cursor` if the channel is replayable.",
  ),
  Reset: object(
    { channel: ref("Channel"), reason: ref("ResetReason") },
    ["channel", "reason"],
    "Messages of this channel or pattern may be missing.",
  ),
  PollAnswer: object(
    {
      messages: { type: "array", items: ref("Message") },
      cursor: ref("Cursor"),
      reset: { type: "array", items: ref("Reset"), minItems: 1 },
    },
    ["messages"],
    "`cursor`, for the next poll, is absent if no channel is replayable; `reset` if there was none.",
  ),
  Page: object(
    {
      channel: ref("Channel"),
      messages: { type: "array", items: ref("Message") },
      more: { type: "boolean" },
      older: ref("Cursor"),
      newer: ref("Cursor"),
      reset: ref("ResetReason"),
    },
    ["channel", "messages", "more", "newer"],
    "A page of a channel's history, oldest message first. `older` is for `before`, `newer` for `after` or to go on from.",
  ),
  PublishBody: open(
    object(
      {
        channel: ref("Channel"),
        data: DATA,
        encoding: ref("Encoding"),
        event: { type: "string", minLength: 1, maxLength: 128 },
        key: { type: "string", minLength: 1, maxLength: 128, description: "Idempotency key." },
      },
      ["channel", "data"],
      "A message to publish.",
    ),
  ),
  PublishAnswer: object(
    { cursor: ref("Cursor"), duplicate: { const: true } },
    [],
    "`cursor` names the message, in a replayable channel; `duplicate` says that one with that key was stored before.",
  ),
  RequestBody: open(
    object(
      {
        method: { type: "string", maxLength: 200, examples: ["demo.echo"] },
        data: DATA,
        encoding: ref("Encoding"),
        timeout: { ...MILLISECONDS, description: "How long to wait for the reply." },
      },
      ["method"],
      "A request to a backend.",
    ),
  ),
  ReplyAnswer: object(
    { data: DATA, encoding: ref("Encoding") },
    [],
    "The backend's reply; without `data` if it is empty.",
  ),
  Problem: object(
    {
      type: { type: "string", pattern: "^urn:tidegate:error:[a-z_]+$" },
      title: TEXT,
      status: { type: "integer", minimum: 400, maximum: 599 },
      detail: TEXT,
      code: { enum: Object.keys(ERROR_CODES) },
      retryable: { type: "boolean" },
      requestId: TEXT,
      retryAfter: { ...MILLISECONDS, description: "When to try again, in milliseconds." },
      channel: TEXT,
      service: {
        type: "object",
        description: "What a backend that refused said.",
        properties: { status: TEXT, message: TEXT },
        required: ["status", "message"],
      },
    },
    ["type", "title", "status", "detail", "code", "retryable", "requestId"],
    "RFC 9457. Programs act on `code`.",
  ),
} as const satisfies Record<string, Schema>;
