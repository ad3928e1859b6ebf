/** What a message of a chaos run says of itself. */
export interface Numbered {
  readonly channel: string;
  /** Unique within its channel in one run, below 2^32. */
  readonly number: number;
  /** When it was first published, in `nowMicros` of the swarm's stamps. */
  readonly micros: number;
}

/** JSON without a line break, so that it is one line of an event stream. */
export function numberedPayload({ channel, number, micros }: Numbered): string {
  return JSON.stringify({ channel, number, micros });
}

/** `undefined` if the value, parsed JSON, is none. */
export function asNumbered(value: unknown): Numbered | undefined {
  if (
    typeof value === "object" &&
    value !== null &&
    "channel" in value &&
    "number" in value &&
    "micros" in value
  ) {
    const { channel, number, micros } = value;
    if (typeof channel === "string" && isNumber(number) && typeof micros === "number") {
      return { channel, number, micros };
    }
  }
  return undefined;
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
}
