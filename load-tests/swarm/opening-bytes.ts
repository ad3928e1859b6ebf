import { createHash } from "node:crypto";
import { encodeFrame, upgradeRequest } from "@tidegate/testkit";
import type { ClientPlan } from "../client-plan.ts";

/** What one client sends to get ready, made before the clock starts. */
export interface OpeningBytes {
  /** The HTTP request of the opening handshake. */
  readonly handshake: Buffer;
  /** The frames behind it; empty: it says nothing more. */
  readonly greeting: Buffer;
  readonly ready: string | undefined;
  readonly refused: string | undefined;
}

/** The same for all clients: what it protects from, caches that mistake a handshake for a page, is not here. */
const KEY = Buffer.alloc(16, "tidegate").toString("base64");
/** RFC 6455 section 1.3. */
const ACCEPT = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** What every correct answer to these handshakes holds. */
export const ACCEPTED: Buffer = Buffer.from(ACCEPT);

export function openingBytes({ path, headers, messages, ready, refused }: ClientPlan): OpeningBytes {
  const lines = headers.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return {
    handshake: Buffer.from(upgradeRequest({ path, key: KEY, headers: Object.fromEntries(lines) })),
    greeting: Buffer.concat(messages.map((payload) => encodeFrame({ payload }))),
    ready,
    refused,
  };
}
