import { decodeCursor } from "@tidegate/protocol";
import type { Numbered } from "../numbered-payload.ts";

/** Told what one client sees, whatever it is connected by. */
export interface TransportEvents {
  /**
   * The node serves the client: what is published from now on will come.
   *
   * @param resumed whether it took up where a connection before had ended, with nothing missing.
   */
  onReady(resumed: boolean): void;
  /** @param channel where the node says that it was published, if it says. */
  onMessage(channel: string | undefined, message: Numbered): void;
  /** @param upTo sequence in the stream up to which messages may be missing; `undefined` if the client cannot know. */
  onReset(channel: string, reason: string, upTo: number | undefined): void;
  /**
   * The attempt is over and was not closed. Once per attempt, and nothing of it comes after.
   *
   * @param retryMs the wait that the node asked for.
   */
  onEnded(reason: string, retryMs: number | undefined): void;
}

/** One connection, or for polling all requests until one fails. */
export interface Attempt {
  /** Ends it. Nothing is told any more. */
  close(): void;
}

/** How a client connects. Keeps between attempts what a real client keeps: where it stands. */
export interface Transport {
  /** Connects to a node on loopback and takes up where the attempt before ended. */
  start(port: number, events: TransportEvents): Attempt;
}

/** Who a client is and what it subscribes to. */
export interface Subscription {
  readonly channels: readonly string[];
  readonly token: string;
}

export const LOOPBACK = "127.0.0.1";

/** The query of an address that names these. */
export function addressQuery(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) {
      query.append(name, value);
    }
  }
  return query.toString();
}

/** The sequence of a cursor of one namespace. Of several it cannot be told which is meant. */
export function onlySequence(cursor: unknown): number | undefined {
  const decoded = typeof cursor === "string" ? decodeCursor(cursor) : undefined;
  const [only, ...others] = decoded?.values() ?? [];
  return others.length === 0 ? only : undefined;
}

/** A record, if the text is JSON of one. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
