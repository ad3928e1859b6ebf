import { randomBytes } from "node:crypto";
import type { JsonObject } from "./json-object.ts";
import { asNumber, asObject } from "./json-object.ts";
import { EPOCH_METADATA } from "./stream-epoch.ts";
import type { StreamInfo } from "./stream-info.ts";
import type { StreamDifference, StreamSpec } from "./stream-spec.ts";
import { streamDifferences, UNSET_FIELDS, valueText } from "./stream-spec.ts";

/**
 * What has to be done for a stream to be as the configuration says.
 *
 * - `replace`: what is different cannot be changed; the stream is deleted and made anew.
 */
export interface StreamPlan {
  readonly spec: StreamSpec;
  readonly action: "none" | "create" | "update" | "replace";
  /** What will be different, in words. */
  readonly changes: readonly string[];
  /** Which messages that are stored now would be deleted, in words; empty if none. */
  readonly losses: readonly string[];
  /** The whole configuration that the stream will have. */
  readonly config: JsonObject;
}

/**
 * Compares a stream with what the configuration says. Settings that are not ours stay as they are.
 *
 * @param actual undefined if the stream is missing.
 * @param newEpoch whether cursors that point into it shall be reset.
 */
export function planStream(spec: StreamSpec, actual: StreamInfo | undefined, newEpoch: boolean): StreamPlan {
  if (actual === undefined) {
    const changes = Object.entries(spec.config)
      .filter(([field]) => field !== "name")
      .map(([field, value]) => `${field} ${valueText(field, value)}`);
    return { spec, action: "create", changes, losses: [], config: spec.config };
  }
  const differences = streamDifferences(spec, actual.config);
  const changes = differences.map(changeText);
  if (newEpoch) changes.push("a new epoch: all cursors are reset");
  const kept = Object.entries(actual.config).filter(([field]) => !UNSET_FIELDS.includes(field));
  const metadata = {
    ...asObject(actual.config["metadata"]),
    // Never one that was there before: a copy of the stream may be older than its last change.
    ...(newEpoch ? { [EPOCH_METADATA]: randomBytes(8).toString("hex") } : {}),
  };
  const config = { ...Object.fromEntries(kept), ...spec.config, metadata };
  if (differences.some(cannotBeChanged)) {
    const loss = `all ${actual.messages} messages, since the stream has to be made anew`;
    const losses = actual.messages > 0 ? [loss] : [];
    return { spec, action: "replace", changes, losses, config: spec.config };
  }
  return {
    spec,
    action: changes.length === 0 ? "none" : "update",
    changes,
    losses: differences.flatMap((difference) => lossOf(difference, actual)),
    config,
  };
}

function changeText({ field, wanted, actual }: StreamDifference): string {
  return `${field} ${valueText(field, actual)} -> ${valueText(field, wanted)}`;
}

function cannotBeChanged({ field, wanted, actual }: StreamDifference): boolean {
  // The server never lets go of the protection against deleting, nor does it unseal.
  return (
    field === "storage" ||
    field === "sealed" ||
    (field === "deny_delete" && actual === true && wanted !== true)
  );
}

/** The server deletes at once, and without being asked twice, what a lower limit does not cover. */
function lossOf({ field, wanted, actual }: StreamDifference, info: StreamInfo): readonly string[] {
  const limit = asNumber(wanted);
  const before = asNumber(actual) ?? 0;
  // 0 and -1 stand for no limit.
  if (limit === undefined || (before > 0 && before <= limit)) return [];
  switch (field) {
    case "max_age": {
      const tooOld =
        info.oldestAgeMs === undefined ? info.messages > 0 : info.oldestAgeMs * 1_000_000 > limit;
      return tooOld ? [`messages older than ${valueText(field, limit)}`] : [];
    }
    case "max_msgs_per_subject":
      // No channel can have more than there are in all.
      return info.messages > limit ? [`all but the newest ${limit} messages of each channel`] : [];
    case "max_bytes":
      return info.bytes > limit ? [`the oldest messages: ${info.bytes - limit} bytes of ${info.bytes}`] : [];
    default:
      return [];
  }
}
