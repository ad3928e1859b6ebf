import type { TraceContext } from "@tidegate/protocol";

/** A message on its way to endpoints. */
export interface WebhookMessage {
  /** Of the live message: the cursor behind which it stands, as clients see it. The same over all attempts and replays. */
  readonly id: string;
  readonly channel: string;
  readonly event: string | undefined;
  /** When it was published, in milliseconds since the epoch. */
  readonly time: number;
  readonly payload: Uint8Array;
  /** How often it has gone out as a webhook and come in again. */
  readonly hops: number;
  /** The trace that its publisher put it into. */
  readonly trace?: TraceContext | undefined;
}
