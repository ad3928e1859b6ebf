import { namespaceOf } from "@tidegate/protocol";

/**
 * Name of the stream behind a namespace with history. Two prefixes could give one name (`a` with `b_c`, `a_b` with `c`);
 * the subjects of the stream then tell whose it is.
 */
export function streamName(subjectPrefix: string, namespace: string): string {
  return `${subjectPrefix}_${namespace}`;
}

/** Second token of the channel on which nodes publish to see whether the way through the stream works. */
const TICK_TOKEN = "_tick";

/** The internal channel of a namespace: never for clients. */
export function tickChannel(namespace: string): string {
  return `${namespace}.${TICK_TOKEN}`;
}

/** Whether a channel or pattern names an internal channel outright. Patterns with wildcards may match some all the same. */
export function isInternalChannel(channel: string): boolean {
  const start = namespaceOf(channel).length + 1;
  if (!channel.startsWith(TICK_TOKEN, start)) return false;
  const end = start + TICK_TOKEN.length;
  return channel.length === end || channel[end] === ".";
}
