import { JetStreamApiError } from "@nats-io/jetstream";

/** Consumer and stream are not there, which is nothing to be changed. */
const MISSING = [10_014, 10_059, 10_149];
const UNAVAILABLE = 503;

/** A consumer cannot be changed to what is needed here: somebody has to remove it, or what is in its way. */
export class ConsumerRefusal extends Error {
  override readonly name = "ConsumerRefusal";
  /** In which it differs. */
  readonly fields: readonly string[];
  readonly reason: string;

  constructor(fields: readonly string[], reason: string) {
    super(`${fields.join(", ")}: ${reason}`);
    this.fields = fields;
    this.reason = reason;
  }

  /** @returns the error itself if the server has not judged the change. */
  static from(fields: readonly string[], error: unknown): unknown {
    if (!(error instanceof JetStreamApiError)) return error;
    if (error.status === UNAVAILABLE || MISSING.includes(error.code)) return error;
    return new ConsumerRefusal(fields, error.message);
  }
}
