import type { JsonObject } from "./json-object.ts";
import { asNumber, asObject, asText } from "./json-object.ts";
import { EPOCH_METADATA, streamEpoch } from "./stream-epoch.ts";

/** A stream as its leader describes it. */
export interface StreamInfo {
  readonly epoch: string;
  /** Value of {@link EPOCH_METADATA}; empty if there is none. */
  readonly epochBump: string;
  readonly config: JsonObject;
  readonly messages: number;
  readonly bytes: number;
  /** Oldest sequence still stored; last + 1 if nothing is. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Of the oldest message, by the server's clock; undefined if there is none. */
  readonly oldestAgeMs: number | undefined;
}

/** Reads the answer to `STREAM.INFO`, `CREATE` or `UPDATE`; undefined if it is none. */
export function readStreamInfo(answer: JsonObject): StreamInfo | undefined {
  const config = asObject(answer["config"]);
  const state = asObject(answer["state"]);
  const created = asText(answer["created"]);
  if (config === undefined || state === undefined || created === undefined) return undefined;
  const name = asText(config["name"]);
  const messages = asNumber(state["messages"]);
  const lastSequence = asNumber(state["last_seq"]);
  if (name === undefined || messages === undefined || lastSequence === undefined) return undefined;
  const epochBump = asText(asObject(config["metadata"])?.[EPOCH_METADATA]) ?? "";
  return {
    epoch: streamEpoch(name, created, epochBump),
    epochBump,
    config,
    messages,
    bytes: asNumber(state["bytes"]) ?? 0,
    // An empty stream says 0, or the sequence that comes next.
    firstSequence: messages === 0 ? lastSequence + 1 : (asNumber(state["first_seq"]) ?? 0),
    lastSequence,
    oldestAgeMs: messages === 0 ? undefined : ageOf(asText(state["first_ts"]), asText(answer["ts"])),
  };
}

function ageOf(stored: string | undefined, now: string | undefined): number | undefined {
  const age = Date.parse(now ?? "") - Date.parse(stored ?? "");
  return Number.isFinite(age) ? age : undefined;
}
