import { isUtf8 } from "node:buffer";
import { type MessageHead, messageObject } from "@tidegate/protocol";
import { asBuffer, textPayload } from "../fan-out/text-payload.ts";

/** All three ends of a line that an event stream knows (HTML, section 9.2.6). */
const LINE_END = /\r\n|\n|\r/;
const LINE_ENDS = /[\r\n]/g;

const NEWLINE = 0x0a;
/** What an id line begins with; the first line of an event that has one. */
const ID_FIELD = Buffer.from("id: ");

/** A comment: a sign of life that dispatches nothing. */
export const COMMENT: Uint8Array = Buffer.from(":\n\n");

/** How a client has to wait before it comes back, in ms. Whole digits: anything else would be ignored. */
export function retryText(ms: number): string {
  return `retry: ${Math.round(ms)}\n\n`;
}

/** Moves the resume position without an event. */
export function checkpointText(cursor: string): string {
  return `id: ${cursor}\n\n`;
}

/** An event of the node's own. */
export function ownEventText(
  name: "reset" | "missed" | "end",
  data: Readonly<Record<string, unknown>>,
  cursor?: string,
): string {
  return `${idLine(cursor)}event: tidegate.${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * A message as an event with the bare payload. Line ends of the payload become those of the format; what is not UTF-8 becomes
 * base64, as a comment says.
 */
export function payloadEvent(head: MessageHead, payload: Uint8Array): Buffer {
  const bytes = asBuffer(payload);
  const opening = `${idLine(head.cursor)}${eventLine(head.event)}`;
  if (!isUtf8(bytes)) {
    return Buffer.from(`${opening}:base64\ndata: ${bytes.toString("base64")}\n\n`);
  }
  const text = bytes.toString("utf8");
  const lines = text.includes("\n") || text.includes("\r") ? text.split(LINE_END).join("\ndata: ") : text;
  return Buffer.from(`${opening}data: ${lines}\n\n`);
}

/** A message as an event whose data is one line of JSON, exact for every payload. */
export function objectEvent(head: MessageHead, payload: Uint8Array): Buffer {
  const data = messageObject(head, textPayload(payload));
  return Buffer.from(`${idLine(head.cursor)}${eventLine(head.event)}data: ${data}\n\n`);
}

/** The event without its id line, if it has one: a view. */
export function withoutId(event: Uint8Array): Uint8Array {
  const hasId = ID_FIELD.every((byte, index) => event[index] === byte);
  return hasId ? event.subarray(event.indexOf(NEWLINE) + 1) : event;
}

/** The event with another id. */
export function withId(cursor: string, event: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(idLine(cursor)), withoutId(event)]);
}

function idLine(cursor: string | undefined): string {
  return cursor === undefined ? "" : `id: ${cursor}\n`;
}

function eventLine(event: string | undefined): string {
  // An empty name is none. Line ends cannot come by way of NATS headers, but would let a backend forge fields.
  return event === undefined || event === "" ? "" : `event: ${event.replace(LINE_ENDS, " ")}\n`;
}
