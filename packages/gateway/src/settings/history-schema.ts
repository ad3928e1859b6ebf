import type { HistoryPolicy } from "@tidegate/broker";
import { bytes, integer, milliseconds, oneOf } from "@tidegate/runtime";
import { z } from "zod";

/** Exact as nanoseconds, which is what JetStream counts in. */
const TEN_YEARS_MS = 315_360_000_000;

/** Longer than a client takes to come back and publish again what it had no answer to. */
const DEDUPLICATION_MS = 120_000;

/** What a namespace keeps. Each part has a default, so `{}` is enough to keep history. */
export const historySchema = z
  .strictObject({
    maxAge: milliseconds({ min: 1_000, max: TEN_YEARS_MS })
      .prefault("24h")
      .describe("How long a message is kept. Clients can resume from as far back."),
    messagesPerChannel: integer({ min: 1, max: 10_000_000 })
      .default(1_000)
      .describe("How many messages of each channel are kept."),
    maxBytes: bytes({ min: 65_536 })
      .prefault("1GiB")
      .describe("Room for the whole namespace; the oldest messages make way."),
    replicas: integer({ min: 1, max: 5 })
      .default(3)
      .describe(
        "NATS servers that hold a copy: 3 survive the loss of one, 5 of two. A server that is not clustered has room for 1.",
      ),
    storage: oneOf(["file", "memory"])
      .default("file")
      .describe("`memory` is lost with the last server that holds a copy, so it needs several replicas."),
    deduplication: milliseconds({ min: 1_000, max: 86_400_000 })
      .optional()
      .describe(
        "How long the key of a publish is remembered. NATS holds the keys of this time in memory. Default: 2m, or `maxAge` where that is shorter.",
      ),
  })
  .superRefine(({ maxAge, replicas, storage, deduplication }, context) => {
    const refuse = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (replicas % 2 === 0) {
      refuse("replicas", `is 1, 3 or 5: ${replicas} copies survive no more failures than ${replicas - 1}`);
    }
    if (storage === "memory" && replicas === 1) {
      refuse(
        "storage",
        "memory needs replicas: 3 or 5. With one, sequences begin anew when the server restarts, and cursors would point to other messages",
      );
    }
    if (deduplication !== undefined && deduplication > maxAge) {
      refuse("deduplication", "must not exceed maxAge: NATS does not remember a key longer than its message");
    }
  });

export function historyPolicy(history: z.output<typeof historySchema>): HistoryPolicy {
  const { maxAge, messagesPerChannel, maxBytes, replicas, storage, deduplication } = history;
  return {
    maxAgeMs: maxAge,
    messagesPerChannel,
    maxBytes,
    replicas,
    storage,
    deduplicationMs: deduplication ?? Math.min(DEDUPLICATION_MS, maxAge),
  };
}
