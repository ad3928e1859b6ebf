/** One message that one endpoint has to get: what stands in the queue. */
export interface DeliveryTask {
  readonly endpoint: string;
  /** The id of the message. */
  readonly id: string;
  readonly channel: string;
  /** Sequence of the copy. */
  readonly message: number;
  /** The next attempt, from 1. */
  readonly attempt: number;
  /** When the delivery began, in milliseconds since the epoch: what cannot be tried does not wait for ever. */
  readonly since: number;
  /** Tells the replays of a message apart; empty for the delivery that the message itself caused. */
  readonly run: string;
}

export function encodeTask(task: DeliveryTask): string {
  return JSON.stringify(task);
}

/** undefined if it is none: then somebody else wrote into the queue. */
export function decodeTask(text: string): DeliveryTask | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isTask(value) ? value : undefined;
}

function isTask(value: unknown): value is DeliveryTask {
  if (typeof value !== "object" || value === null) return false;
  const text = (name: string) => typeof Reflect.get(value, name) === "string";
  const number = (name: string) => Number.isSafeInteger(Reflect.get(value, name));
  return (
    text("endpoint") &&
    text("id") &&
    text("channel") &&
    text("run") &&
    number("message") &&
    number("attempt") &&
    number("since")
  );
}
