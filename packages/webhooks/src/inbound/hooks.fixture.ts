import type { NatsConnection } from "@nats-io/transport-node";
import { connect } from "@nats-io/transport-node";
import { createLogger, createMetrics, defineSettings, loadSettings, type Tracing } from "@tidegate/runtime";
import type { OwnNatsServer } from "@tidegate/testkit";
import { onTestFinished } from "vitest";
import { HOOK_METRICS } from "./hook-metrics.ts";
import { hookSettings } from "./hook-settings.ts";
import { type RequestParts, requestOf } from "./schemes/request.fixture.ts";
import { type StartedHooks, startHooks } from "./start-hooks.ts";

const HOOK_TABLE = defineSettings({ settings: hookSettings });

/** The settings that a file with this `hooks` tree gives. */
function settingsOf(hooks: object) {
  const loaded = loadSettings(HOOK_TABLE, { environment: {}, fileText: JSON.stringify({ hooks }) });
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems));
  return loaded.settings.hooks;
}

export interface TestHooks {
  readonly started: StartedHooks;
  readonly nats: NatsConnection;
  readonly lines: string[];
  /** The samples of the metrics, by name and labels. */
  samples(): Promise<ReadonlyMap<string, number>>;
  send(source: string, parts: RequestParts): Promise<Response>;
}

export interface TestHooksOptions {
  readonly hooks: object;
  readonly now?: () => number;
  readonly isConnected?: () => boolean;
  readonly tracing?: Tracing;
}

/** A receiver on a free port, for this test. */
export async function openHooks(
  server: Pick<OwnNatsServer, "url">,
  { hooks, now, isConnected = () => true, tracing }: TestHooksOptions,
): Promise<TestHooks> {
  const nats = await connect({
    servers: server.url.split(","),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
  });
  const { metrics, exposition } = createMetrics(HOOK_METRICS);
  const lines: string[] = [];
  const logger = createLogger({
    name: "hooks",
    level: "debug",
    destination: { write: (line) => void lines.push(line) },
  });
  const started = await startHooks({
    settings: settingsOf({ host: "127.0.0.1", port: 0, replicas: 1, ...hooks }),
    channelPrefix: "rt",
    mode: "development",
    nats,
    isConnected,
    metrics,
    tracing,
    logger,
    now,
  });
  onTestFinished(async () => {
    await started.drain();
    await nats.close();
  });
  return {
    started,
    nats,
    lines,
    samples: async () =>
      new Map(
        (await exposition.text())
          .split("\n")
          .filter((line) => !line.startsWith("#") && line.includes(" "))
          .map((line) => [
            line.slice(0, line.lastIndexOf(" ")),
            Number(line.slice(line.lastIndexOf(" ") + 1)),
          ]),
      ),
    send: (source, parts) => {
      const { body, contentType } = requestOf(parts);
      return fetch(`http://127.0.0.1:${started.port}/hooks/${source}`, {
        method: "POST",
        headers: { "content-type": contentType, ...parts.headers },
        body,
      });
    },
  };
}
