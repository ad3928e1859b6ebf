import { createLogger, createMetrics, defineSettings, loadSettings } from "@tidegate/runtime";
import { connectPlainNats } from "@tidegate/testkit";
import type { Authorize } from "../src/http-api/api-caller.ts";
import { WEBHOOK_METRICS } from "../src/metrics.ts";
import { startWebhooks } from "../src/start-webhooks.ts";
import { webhookSettings } from "../src/webhook-settings.ts";

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** Tokens of tests: the actions they allow, joined by `+`, then the first token of channels they may read. */
export const authorizeInTests: Authorize = async (token) => {
  const [actions = "", namespace = ""] = token.split(":");
  if (actions === "expired") return { ok: false, code: "token_expired", detail: "it has expired" };
  if (actions === "bad") return { ok: false, code: "token_invalid", detail: "it is none" };
  return {
    ok: true,
    caller: {
      name: "backend",
      may: (action) => actions.split("+").includes(action),
      mayRead: (pattern) => namespace === "*" || pattern.startsWith(`${namespace}.`),
    },
  };
};

export const FULL_TOKEN = "read+write+replay:*";

/** Webhooks as a service starts them, with settings as a file would give them. */
export async function startApi(
  natsUrl: string,
  prefix: string,
  webhooks: object = {},
  now: () => number = Date.now,
) {
  const table = defineSettings({ settings: webhookSettings });
  const fileText = JSON.stringify({
    webhooks: {
      port: 0,
      namespaces: ["shop"],
      replicas: 1,
      maxBytes: "16MiB",
      allowHttp: true,
      ports: [0],
      allowNetworks: ["127.0.0.0/8"],
      resolver: "system",
      retryPausesMs: [50],
      ...webhooks,
    },
  });
  const loaded = loadSettings(table, { environment: {}, fileText });
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems));
  const nats = await connectPlainNats(natsUrl);
  const { metrics, exposition } = createMetrics(WEBHOOK_METRICS);
  const logger = createLogger({ name: "webhooks", level: "fatal" });
  const started = await startWebhooks({
    settings: loaded.settings.webhooks,
    channelPrefix: prefix,
    nats,
    authorize: authorizeInTests,
    metrics,
    logger,
    now,
  });
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    options: { readonly token?: string | null; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<ApiReply> => {
    const { token = FULL_TOKEN, headers = {} } = options;
    const response = await fetch(`http://127.0.0.1:${started.port}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
  return {
    call,
    exposition,
    [Symbol.asyncDispose]: async () => {
      await started.drain();
      await started.close();
      await nats.close();
    },
  };
}
