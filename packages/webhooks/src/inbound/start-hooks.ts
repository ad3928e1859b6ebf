import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { DeepReadonly, Logger, SettingsFrom, Tracing } from "@tidegate/runtime";
import { WebhooksError } from "../webhooks-error.ts";
import { ChannelRelay } from "./channel-relay.ts";
import type { HookMetrics } from "./hook-metrics.ts";
import { HookReceiver } from "./hook-receiver.ts";
import { startHookServer } from "./hook-server.ts";
import type { HookSourceSettings, hookSettings } from "./hook-settings.ts";
import { HookNames } from "./hook-store.ts";
import { provisionHookStream } from "./hook-stream.ts";
import { JetStreamHookStore } from "./jetstream-hook-store.ts";
import { openSources } from "./open-sources.ts";

export interface StartHooksOptions {
  readonly settings: SettingsFrom<typeof hookSettings>["hooks"];
  /** `rt`: channels are subjects below it. */
  readonly channelPrefix: string;
  readonly mode: "production" | "development";
  /** Stays the caller's, who closes it after the drain. */
  readonly nats: NatsConnection;
  readonly isConnected: () => boolean;
  readonly metrics: HookMetrics;
  /** `undefined`: no spans. */
  readonly tracing?: Tracing | undefined;
  readonly logger: Logger;
  /** Unix milliseconds; `Date.now` by default. */
  readonly now?: (() => number) | undefined;
}

export interface StartedHooks {
  readonly port: number;
  /** Requests that wait for their answer. */
  readonly pending: number;
  /** Answers what has come, takes nothing new, and stops passing deliveries on. Idempotent. */
  drain(): Promise<void>;
}

/** Headers of a delivery on NATS, at most: the event and the id of the sender, and the names. */
const HEADER_BYTES = 8_192;

/**
 * Starts the receiver: its stream, what passes deliveries on to channels, and the port last.
 *
 * @throws WebhooksError `invalid` for sources that cannot be used, `unavailable` for a stream or port that cannot be had.
 */
export async function startHooks(options: StartHooksOptions): Promise<StartedHooks> {
  const { settings, mode, nats, isConnected, metrics, tracing, logger, now = Date.now } = options;
  const sourceSettings = settings.sources ?? {};
  const sources = openSources(sourceSettings, { mode });
  const room = nats.info?.max_payload ?? 0;
  if (settings.bodyBytes + HEADER_BYTES > room) {
    throw new WebhooksError(
      "invalid",
      `hooks.bodyBytes must be ${room - HEADER_BYTES} at most: NATS takes messages of ${room} bytes (max_payload)`,
    );
  }
  const names = new HookNames(settings.subject);
  const manager = await jetstreamManager(nats, { checkAPI: false });
  const { keepMs, storeBytes, replicas } = settings;
  await provisionHookStream(manager, names, { keepMs, maxBytes: storeBytes, replicas });

  const stopping = new AbortController();
  const channels = channelsOf(sourceSettings);
  let relaying = Promise.resolve();
  if (channels.size > 0) {
    const { channelPrefix } = options;
    const js = jetstream(nats);
    const relay = new ChannelRelay({
      nats,
      jetstream: js,
      manager,
      names,
      channelPrefix,
      channels,
      metrics,
      logger,
    });
    await relay.provision();
    relaying = relay.run(stopping.signal);
  }
  const store = new JetStreamHookStore({ nats, names, timeoutMs: settings.storeTimeoutMs, isConnected });
  const receiver = new HookReceiver({ sources, store, metrics, tracing, logger, now });
  try {
    const server = await startHookServer({ ...settings, receiver });
    return {
      port: server.port,
      get pending() {
        return server.pending;
      },
      drain: async () => {
        await server.close();
        stopping.abort();
        await relaying;
      },
    };
  } catch (error) {
    stopping.abort();
    await relaying;
    throw error;
  }
}

function channelsOf(
  sources: Readonly<Record<string, DeepReadonly<HookSourceSettings>>>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(sources).flatMap(([name, { channel }]) =>
      channel === undefined ? [] : [[name, channel] as const],
    ),
  );
}
