import { type LocalSink, startLocalSink } from "./local-sink.ts";

export interface SinkTally {
  /** Requests that came, answered or not. */
  readonly attempts: number;
  /** Answered with 200, by endpoint and message. */
  readonly delivered: ReadonlyMap<string, number>;
  /** The ids under which each message came. One, if all is well. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface FlakySink extends LocalSink {
  readonly tally: () => SinkTally;
}

/**
 * Endpoints of customers: each path is one. The body is the number of the message.
 *
 * @param fails share of requests that are answered with 500, from 0 to 1.
 * @param refuses messages that are never taken.
 */
export async function startFlakySink(
  fails: number,
  refuses: (message: number) => boolean,
): Promise<FlakySink> {
  let attempts = 0;
  const delivered = new Map<string, number>();
  const ids = new Map<string, Set<string>>();
  const sink = await startLocalSink((delivery) => {
    attempts += 1;
    const message = delivery.text();
    ids.set(message, (ids.get(message) ?? new Set()).add(delivery.id));
    if (refuses(Number(message)) || Math.random() < fails) return 500;
    const key = `${delivery.path} ${message}`;
    delivered.set(key, (delivered.get(key) ?? 0) + 1);
    return 200;
  });
  return { ...sink, tally: () => ({ attempts, delivered, ids }) };
}
