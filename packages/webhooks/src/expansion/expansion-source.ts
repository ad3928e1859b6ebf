import { isInternalChannel, streamName } from "@tidegate/broker";
import type { WebhookNames } from "../webhook-names.ts";

/** A stream whose messages go to webhooks. */
export interface ExpansionSource {
  /** Names its checkpoint: `[A-Za-z0-9_-]`. */
  readonly name: string;
  readonly stream: string;
  readonly subjects: readonly string[];
  /** The channel that endpoints listen to; undefined for what is not meant for them. */
  readonly channelOf: (subject: string) => string | undefined;
}

/** A namespace with history. */
export function namespaceSource(names: WebhookNames, namespace: string): ExpansionSource {
  const { prefix } = names;
  return {
    name: namespace,
    stream: streamName(prefix, namespace),
    subjects: [`${prefix}.${namespace}`, `${prefix}.${namespace}.>`],
    channelOf: (subject) => {
      const channel = subject.slice(prefix.length + 1);
      return isInternalChannel(channel) ? undefined : channel;
    },
  };
}

/** Lifecycle events: channels of their own namespace, called as their subjects are. */
export function eventSource(names: WebhookNames): ExpansionSource {
  return {
    name: names.eventNamespace,
    stream: names.eventStream,
    subjects: [`${names.eventNamespace}.>`],
    channelOf: (subject) => subject,
  };
}
