/** What stands in a `message` beside the payload. */
export interface MessageHead {
  readonly channel: string;
  readonly event: string | undefined;
  readonly from: { readonly user: string | undefined; readonly connection: string } | undefined;
  /** Unix time in ms. */
  readonly time: number;
  /** Of a replayable channel. */
  readonly cursor: string | undefined;
}

/**
 * Payload as it goes into a text frame: `json` is valid JSON text without line breaks, embedded as it is, with
 * the encoding that says how the bytes became that JSON.
 */
export interface TextPayload {
  readonly json: string;
  readonly encoding: "text" | "base64" | undefined;
}

/** Of what a frame begins with, the brace included. */
const TYPE_FIELD_LENGTH = '{"type":"message",'.length;

/** The text frame of a `message`. One line, so that frames can be joined by newlines. */
export function messageFrame(head: MessageHead, payload: TextPayload): string {
  return `${openMessage(head)},"data":${payload.json}${encodingField(payload)}}`;
}

/** The same without `type`, as messages stand in pages, polls and events. */
export function messageObject(head: MessageHead, payload: TextPayload): string {
  return `{${messageFrame(head, payload).slice(TYPE_FIELD_LENGTH)}`;
}

/** The header line of a binary `message` frame, with its newline. The payload bytes follow. */
export function messageHeaderLine(head: MessageHead): string {
  return `${openMessage(head)}}\n`;
}

/** The text frame of a `reply`; a backend's empty reply has no `data`. */
export function replyFrame(id: number, payload: TextPayload | undefined): string {
  return payload === undefined
    ? `{"type":"reply","id":${id}}`
    : `{"type":"reply","id":${id},"data":${payload.json}${encodingField(payload)}}`;
}

/** The header line of a binary `reply` frame, with its newline. */
export function replyHeaderLine(id: number): string {
  return `{"type":"reply","id":${id}}\n`;
}

function openMessage(head: MessageHead): string {
  // Channels need no escaping: their grammar has neither quotes nor backslashes.
  let text = `{"type":"message","channel":"${head.channel}"`;
  if (head.event !== undefined) {
    text += `,"event":${JSON.stringify(head.event)}`;
  }
  if (head.from !== undefined) {
    text += `,"from":${JSON.stringify(head.from)}`;
  }
  if (head.cursor !== undefined) {
    // No escaping: letters, digits, dots and dashes.
    text += `,"cursor":"${head.cursor}"`;
  }
  return `${text},"time":${head.time}`;
}

function encodingField(payload: TextPayload): string {
  return payload.encoding === undefined ? "" : `,"encoding":"${payload.encoding}"`;
}
