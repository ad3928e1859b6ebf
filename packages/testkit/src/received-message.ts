/** What a test client received: the fields of a JSON object, or `binary`, or text that is no JSON object. */
export interface ReceivedMessage {
  readonly type?: string;
  readonly binary?: Buffer;
  readonly text?: string;
  readonly [field: string]: unknown;
}

/** The messages in a text frame: one per line if every line is a JSON object, else the text as it is. */
export function messagesOfText(text: string): readonly ReceivedMessage[] {
  const whole = parseObject(text);
  if (whole !== undefined) return [whole];
  const lines = text.split("\n").filter((line) => line !== "");
  const messages = lines.map(parseObject).filter((message) => message !== undefined);
  return messages.length > 0 && messages.length === lines.length ? messages : [{ text }];
}

function parseObject(text: string): ReceivedMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is ReceivedMessage {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
