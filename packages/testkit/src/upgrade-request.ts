import { createHash, randomBytes } from "node:crypto";

export interface UpgradeRequestOptions {
  /** Default `/`. */
  readonly path?: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default: 16 random bytes in Base64. */
  readonly key?: string;
  /** Sent as one `Sec-WebSocket-Protocol` header if not empty. */
  readonly protocols?: readonly string[];
  /** Added, or put in the place of a default of the same name in whatever case; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The text of a WebSocket opening handshake, RFC 6455 section 4.1. Every part of it can be spoiled. */
export function upgradeRequest(options: UpgradeRequestOptions = {}): string {
  const {
    path = "/",
    host = "127.0.0.1",
    key = randomBytes(16).toString("base64"),
    protocols = [],
  } = options;
  const headers = new Map<string, readonly [name: string, value: string | undefined]>();
  const set = (name: string, value: string | undefined) => headers.set(name.toLowerCase(), [name, value]);
  set("Host", host);
  set("Upgrade", "websocket");
  set("Connection", "Upgrade");
  set("Sec-WebSocket-Key", key);
  set("Sec-WebSocket-Version", "13");
  if (protocols.length > 0) set("Sec-WebSocket-Protocol", protocols.join(", "));
  for (const [name, value] of Object.entries(options.headers ?? {})) set(name, value);

  const lines = [`GET ${path} HTTP/1.1`];
  for (const [name, value] of headers.values()) if (value !== undefined) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What a server must answer in `Sec-WebSocket-Accept`; the constant is from RFC 6455 section 1.3. */
export function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; values of repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The head of an HTTP response at the start of the bytes and how many it takes; undefined while incomplete. */
export function decodeResponseHead(
  bytes: Buffer,
): { readonly head: ResponseHead; readonly size: number } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [statusLine = "", ...headerLines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of headerLines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  return { head: { status, headers }, size: end + 4 };
}
