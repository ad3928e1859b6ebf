import { STATUS_CODES } from "node:http";
import { ERROR_CODES, type ErrorCode } from "@tidegate/protocol";
import { PROBLEM_TYPE } from "../problem.ts";
import type { Schema } from "./schemas.ts";

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export type Responses = Readonly<Record<string, Response>>;

const TEXT: Schema = { type: "string" };
const REQUEST_ID = { "X-Request-Id": { description: "Id of the request.", schema: TEXT } };
const TAG = { ETag: { description: "Weak tag of the answer.", schema: TEXT } };

export function json(schema: string, description: string, isTagged = false): Response {
  return {
    description,
    headers: { ...REQUEST_ID, ...(isTagged ? TAG : {}) },
    content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

export const NOT_MODIFIED: Response = {
  description: "The client has that answer already.",
  headers: { ...REQUEST_ID, ...TAG },
};

export const EVENT_STREAM: Response = {
  description:
    "Events as they come, until one of both ends the stream; see section 14 of PROTOCOL.md. A node that cannot serve the client now answers with `retry` alone.",
  headers: REQUEST_ID,
  content: { "text/event-stream": { schema: TEXT } },
};

/** What comes by a status that others answer with, too. */
const HEADERS: Readonly<Record<number, Response["headers"]>> = {
  401: { "WWW-Authenticate": { description: "`Bearer`.", schema: TEXT } },
  426: { Upgrade: { description: "`websocket`.", schema: TEXT } },
  429: { "Retry-After": { description: "Seconds to wait.", schema: { type: "integer" } } },
};

/** One response for each status of these errors. */
export function problems(codes: readonly ErrorCode[]): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      String(status),
      {
        description: `${STATUS_CODES[status]}: ${list.map((code) => `\`${code}\``).join(", ")}.`,
        headers: { ...REQUEST_ID, ...HEADERS[status] },
        content: {
          [PROBLEM_TYPE]: {
            schema: {
              allOf: [
                { $ref: "#/components/schemas/Problem" },
                { properties: { status: { const: status }, code: { enum: list } } },
              ],
            },
          },
        },
      },
    ]),
  );
}
