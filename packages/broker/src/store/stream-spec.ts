import { isDeepStrictEqual } from "node:util";
import type { HistoryPolicy } from "./history-policy.ts";
import type { JsonObject } from "./json-object.ts";
import { streamName } from "./stream-name.ts";

/** The stream that a namespace with history needs. */
export interface StreamSpec {
  readonly namespace: string;
  readonly name: string;
  /** The part of the stream's configuration that is ours, in JetStream's words. The rest is the operator's. */
  readonly config: JsonObject;
}

/** One setting of a stream that is not as the configuration says. */
export interface StreamDifference {
  /** JetStream's name of it. */
  readonly field: string;
  readonly wanted: unknown;
  readonly actual: unknown;
  /** Whether the promise to subscribers cannot be kept with it. If not, the stream serves all the same. */
  readonly breaks: boolean;
}

/** Fields with which a stream cannot do its work if they are different. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  "subjects",
  "republish",
  "retention",
  "discard",
  "discard_new_per_subject",
  "allow_direct",
  "no_ack",
  "mirror",
  "sources",
  "subject_transform",
  "sealed",
]);

const DURATIONS: ReadonlySet<string> = new Set(["max_age", "duplicate_window"]);

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * `subjects` names the channel of one token besides the others, since `chat.>` does not match `chat`. The rule of
 * RePublish spans all channels because there may be only one; the subjects keep it to this namespace.
 */
export function streamSpec(subjectPrefix: string, namespace: string, policy: HistoryPolicy): StreamSpec {
  const name = streamName(subjectPrefix, namespace);
  return {
    namespace,
    name,
    config: {
      name,
      subjects: [`${subjectPrefix}.${namespace}`, `${subjectPrefix}.${namespace}.>`],
      republish: { src: `${subjectPrefix}.>`, dest: `${subjectPrefix}out.>` },
      // With interest retention nothing is kept or republished while there is no consumer.
      retention: "limits",
      discard: "old",
      storage: policy.storage,
      num_replicas: policy.replicas,
      max_age: policy.maxAgeMs * NANOSECONDS_PER_MS,
      max_msgs_per_subject: policy.messagesPerChannel,
      max_bytes: policy.maxBytes,
      duplicate_window: policy.deduplicationMs * NANOSECONDS_PER_MS,
      allow_direct: true,
      // A mirror may lie far behind, and would answer reads of this stream.
      mirror_direct: false,
      // What limits discard, they discard from the oldest on: completeness is proven by it.
      deny_delete: true,
      allow_rollup_hdrs: false,
    },
  };
}

/** Settings that are unset in a stream that works; `wanted` of their differences is undefined. */
export const UNSET_FIELDS: readonly string[] = [
  "mirror",
  "sources",
  "subject_transform",
  "no_ack",
  "sealed",
  "discard_new_per_subject",
];

export function streamDifferences(spec: StreamSpec, actual: JsonObject): readonly StreamDifference[] {
  const differences: StreamDifference[] = [];
  const compare = (field: string, wanted: unknown, value: unknown) => {
    if (isDeepStrictEqual(wanted, value)) return;
    differences.push({ field, wanted, actual: value, breaks: ESSENTIAL.has(field) });
  };
  for (const [field, wanted] of Object.entries(spec.config)) {
    compare(field, normal(field, wanted), normal(field, actual[field]));
  }
  for (const field of UNSET_FIELDS) compare(field, undefined, actual[field] || undefined);
  return differences;
}

/** The same subjects in another order, and `false` for what is left out, are no difference. */
function normal(field: string, value: unknown): unknown {
  if (field === "subjects" && Array.isArray(value)) return [...value].sort();
  if (field === "republish" && typeof value === "object" && value !== null) {
    const { src, dest, headers_only: headersOnly } = value as JsonObject;
    return headersOnly === true ? { src, dest, headersOnly } : { src, dest };
  }
  return value === false || value === null ? undefined : value;
}

/** One difference in words: `max_age is 24h, should be 1h`. */
export function differenceText({ field, wanted, actual }: StreamDifference): string {
  return `${field} is ${valueText(field, actual)}, should be ${valueText(field, wanted)}`;
}

/** The value of a field of a stream's configuration as people write it. */
export function valueText(field: string, value: unknown): string {
  if (value === undefined) return "not set";
  if (DURATIONS.has(field) && typeof value === "number") return durationText(value);
  if (field === "max_bytes" && typeof value === "number") return `${value} bytes`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

function durationText(nanoseconds: number): string {
  const ms = nanoseconds / NANOSECONDS_PER_MS;
  for (const [unit, size] of UNITS) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
