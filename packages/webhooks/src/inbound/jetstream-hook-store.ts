import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { InvalidArgumentError, NoRespondersError, RequestError, TimeoutError } from "@nats-io/transport-node";
import { hookMessageHeaders } from "./hook-message.ts";
import type { HookNames, HookStore, HookStoreOutcome, StoredHook } from "./hook-store.ts";

export interface JetStreamHookStoreParts {
  readonly nats: NatsConnection;
  readonly names: HookNames;
  /** How long to wait for the acknowledgement. */
  readonly timeoutMs: number;
  /** Whether NATS can be reached at all: otherwise messages would wait in memory for a server to come back. */
  readonly isConnected: () => boolean;
}

/** The subject has a message already. */
const WRONG_LAST_SEQUENCE = 10_071;
/**
 * The same delivery is being stored at this very moment, by a cluster that has not yet agreed on it: it may still fail, so it is no
 * duplicate.
 */
const UNDER_WAY = 10_164;
const MESSAGE_TOO_LARGE = 10_054;

/**
 * Keeps deliveries in a stream, each under a subject of its own that must not have a message yet: storing and recognising a
 * repetition are one step, and last as long as the stream keeps messages.
 */
export class JetStreamHookStore implements HookStore {
  readonly #parts: JetStreamHookStoreParts;

  constructor(parts: JetStreamHookStoreParts) {
    this.#parts = parts;
  }

  async store({ source, key, headers, body }: StoredHook): Promise<HookStoreOutcome> {
    const { nats, names, timeoutMs, isConnected } = this.#parts;
    if (!isConnected()) return unavailable("there is no connection to NATS");
    const block = hookMessageHeaders(headers);
    block.append("Nats-Expected-Stream", names.stream);
    block.append("Nats-Expected-Last-Subject-Sequence", "0");
    try {
      const subject = names.delivery(source, key);
      return outcomeOf(await nats.request(subject, body, { headers: block, timeout: timeoutMs }), names);
    } catch (error) {
      return outcomeOfError(error, names);
    }
  }
}

function outcomeOf(message: Msg, { stream }: HookNames): HookStoreOutcome {
  const answer = readAnswer(message);
  if (answer?.error === undefined) {
    return answer?.stream === stream && typeof answer.seq === "number"
      ? { kind: "stored" }
      : unavailable("somebody who is not the stream has answered");
  }
  switch (answer.error.err_code) {
    case WRONG_LAST_SEQUENCE:
      return { kind: "duplicate" };
    case UNDER_WAY:
      return unavailable("the same delivery is being stored");
    case MESSAGE_TOO_LARGE:
      return { kind: "too_large" };
    default:
      // A full stream is one of these, under a code that others share.
      return unavailable(`the stream refused it: ${answer.error.description ?? "no reason given"}`);
  }
}

interface StreamAnswer {
  readonly stream?: unknown;
  readonly seq?: unknown;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

function readAnswer(message: Msg): StreamAnswer | undefined {
  try {
    const value: unknown = message.json();
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function outcomeOfError(error: unknown, { stream }: HookNames): HookStoreOutcome {
  if (error instanceof InvalidArgumentError) return { kind: "too_large" };
  if (error instanceof TimeoutError) return unavailable("the stream did not acknowledge in time");
  const noResponders =
    error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
  return unavailable(
    noResponders ? `stream ${stream} is missing or has no leader now` : "the connection to NATS broke",
  );
}

function unavailable(reason: string): HookStoreOutcome {
  return { kind: "unavailable", reason };
}
