/** How deliveries are made. Durations in milliseconds. */
export interface DeliveryOptions {
  /** Pauses between attempts; one attempt more than there are pauses. */
  readonly retryPausesMs: readonly number[];
  readonly maxRetryAfterMs: number;
  /** How long copies of messages are kept: what cannot be tried waits for almost as long. */
  readonly keepMessagesMs: number;
  /** For one attempt, from DNS to the end of the answer. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Of an answer, kept in the log. */
  readonly responseBytes: number;
  /** Failures in a row after which an endpoint is left alone for a while. */
  readonly breakerFailures: number;
  readonly breakerFirstPauseMs: number;
  readonly breakerLongestPauseMs: number;
  /** An endpoint is disabled when nothing has succeeded for so long. */
  readonly disableAfterMs: number;
  /** Payloads kept in memory. */
  readonly cacheBytes: number;
}
