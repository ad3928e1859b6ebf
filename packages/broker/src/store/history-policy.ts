/** What a namespace keeps of each channel, as configured. Becomes the configuration of its stream. */
export interface HistoryPolicy {
  readonly maxAgeMs: number;
  readonly messagesPerChannel: number;
  /** Of the whole namespace. */
  readonly maxBytes: number;
  readonly replicas: number;
  readonly storage: "file" | "memory";
  /** How long an idempotency key is remembered. */
  readonly deduplicationMs: number;
}
